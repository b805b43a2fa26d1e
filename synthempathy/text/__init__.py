"""What every subject may know about texts: words, sentences, lexicons, measures. Knows core alone."""
