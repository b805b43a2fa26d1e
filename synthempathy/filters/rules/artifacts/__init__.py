"""What a language model leaves in a text in place of an answer; generation checks its answers by these rules, too."""
