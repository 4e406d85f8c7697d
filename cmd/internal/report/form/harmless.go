package form

import "duosync/cmd/internal/page"

// clean makes text from outside harmless in every form: control characters, and
// those that turn the direction of text, are shown, not sent.
func clean(text string) string { return page.Clean(text) }
