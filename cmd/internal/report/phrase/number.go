// Package phrase says numbers, times, values and errors in the way in which all
// documents and commands do.
package phrase

import (
	"fmt"
	"slices"
	"strings"
)

// Count groups a number's digits.
func Count(n int) string {
	digits := fmt.Sprint(n)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}

// Plural is a number with its word, which takes an s for several.
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return Count(n) + " " + word + "s"
}

// People is a number of people.
func People(n int) string {
	if n == 1 {
		return "1 person"
	}
	return Count(n) + " people"
}

// Quantity is a number with its word, in the singular or plural. Its digits are not
// grouped.
func Quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// OutOf gives a count out of a total. A total that is no more than the count tells
// nothing, and is left out.
func OutOf(n, total int, one, many string) string {
	switch {
	case total >= n && total > 0:
		return fmt.Sprintf("%s of %s %s", Count(n), Count(total), many)
	case n == 1:
		return "1 " + one
	}
	return Count(n) + " " + many
}
