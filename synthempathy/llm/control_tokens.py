"""Control tokens of the known families: what a server's tokenizer may read as a turn, a tool, a thought or an end of text.

Every family has its own. They are told by their looks, and a token that no family has costs nothing to part. Case counts: so
it does for the tokenizers.
"""

from __future__ import annotations

CONTROL = "|".join((
    # <|im_start|>, <|eot_id|>, <|channel|>: ChatML, Llama, Phi, Granite, Command, gpt-oss and most others; wide: DeepSeek
    r"<\|[^<>|\n]{1,100}\|>|<｜[^<>｜\n]{1,100}｜>",
    r"\[\|[^\[\]|\n]{1,40}\|\]",  # EXAONE: [|system|], [|endofturn|]
    r"</?s>|<(?:bos|eos|eod|pad|unk|sep|cls|sop|eop|eoh|eoa|EOT|AI|用户)>|<mask(?::\d{1,4})?>",  # GLM, InternLM, ERNIE, MiniCPM
    r"<(?:BOS|EOS|EOP|EOD|PAD|UNK|CLS|SEP|MASK|PRE|SUF|MID)(?:_TOKEN)?>",  # Command, Code Llama
    r"<(?:start|end)_of_(?:turn|image)>|<image_soft_token>|<unused\d{1,4}>",  # Gemma
    r"</?(?:think|answer|tools?|tool_calls?|tool_responses?|function_calls?|function_results?)>",  # Qwen, Hunyuan, OLMo
    r"</?seed:[\w:]{1,40}>",  # Seed-OSS: <seed:bos>, <seed:think>
    r"</?longcat_[a-z_]{1,40}>|</?role>",  # LongCat, Ling
    r"</?minimax:[\w:]{1,40}>|\]~!b\[|\]~b\]|\[e~\[|\]![a-z]~\[|\]<\][^\[\]<>\n]{1,40}\[>\[",  # MiniMax: ]~b]system, [e~[
    r"<SPECIAL_\d{1,4}>|<extra_id_\d{1,4}>",  # Nemotron, T5
    r"<reserved_[a-z_]{0,30}\d{1,5}>|<TOKENS_UNUSED_\d{1,4}>|<0x[0-9A-F]{2}>",  # Baichuan, InternLM
    r"<fim_[a-z]{1,20}>|<(?:file_sep|repo_name|commit_(?:before|msg|after))>",  # StarCoder
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|MODEL_SETTINGS|THINK|IMG"
    r"|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO|TRANSCRIBE|PREFIX|MIDDLE|SUFFIX)\]|<</?SYS>>",  # Mistral, Llama 2
    r"\[(?:CLS|SEP|PAD|MASK|UNK|gMASK|sMASK)\]",  # BERT, GLM
    r">>(?:TITLE|ABSTRACT|INTRODUCTION|SUMMARY|COMMENT|ANSWER|QUESTION|DOMAIN|PREFIX|SUFFIX|MIDDLE)<<",  # Falcon
))
