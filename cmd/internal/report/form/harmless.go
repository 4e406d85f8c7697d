package form

import "duosync/cmd/internal/page"

// clean makes text from outside harmless in every form: control characters, and
// those that turn the direction of text, are shown, not sent.
func clean(text string) string { return page.Clean(text) }

// Clean does the same as clean for what is written for people past the forms.
func Clean(text string) string { return page.Clean(text) }

// CleanLines does the same for errors and messages: line ends and tabs stay.
func CleanLines(text string) string { return page.CleanLines(text) }
