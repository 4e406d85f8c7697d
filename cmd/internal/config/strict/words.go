package strict

import (
	"regexp"
	"slices"
	"strings"
)

// elsewhere returns those of the key paths, outside of section, at which a key of that
// name exists.
func elsewhere(paths []string, name, section string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return path[strings.LastIndexByte(path, '.')+1:] != name || parent(path) == section
	})
}

var keyLike = regexp.MustCompile(`^[A-Za-z_-][A-Za-z0-9_-]{0,31}`)

// tellable returns as much of an unknown key as can be told: a word.
// Where a blank is missing after a colon, the rest can be a secret.
func tellable(key string) string {
	head := keyLike.FindString(key)
	if head == "" {
		return "(key)"
	}
	if head == key {
		return key
	}
	if key[len(head)] != ':' {
		return "(key)"
	}
	return head
}

func oneOf(words []string) string {
	shown := make([]string, len(words))
	for i, w := range words {
		shown[i] = w
		if w == "" {
			shown[i] = `""`
		}
	}
	if len(shown) == 1 {
		return shown[0]
	}
	return strings.Join(shown[:len(shown)-1], ", ") + " or " + shown[len(shown)-1]
}
