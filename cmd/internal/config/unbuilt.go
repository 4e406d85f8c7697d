package config

import (
	"errors"
	"reflect"
	"strings"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

// part is a section or key whose values other than the default are not built
// yet.
type part struct{ path, why string }

// unbuiltParts lists them; there is none at present.
func unbuiltParts() []part { return nil }

// refuseUnbuilt reports values that this version would have to ignore. Defaults
// pass.
func refuseUnbuilt(doc *strict.Document, c *Config) {
	given, plain := reflect.ValueOf(c).Elem(), reflect.ValueOf(new(Default())).Elem()
	for _, p := range unbuiltParts() {
		for _, path := range leavesBelow(p.path) {
			if !sameAt(path, given, plain) {
				doc.Check(path, dirsync.WithHint(errors.New("not built yet: "+p.why), "leave the key out, or write its default"))
			}
		}
	}
}

// leavesBelow gives the key paths in the section at path, or path itself.
func leavesBelow(path string) []string {
	var paths []string
	for _, leaf := range allLeaves() {
		if leaf == path || strings.HasPrefix(leaf, path+".") {
			paths = append(paths, leaf)
		}
	}
	return paths
}

func sameAt(path string, a, b reflect.Value) bool {
	return reflect.DeepEqual(strict.Lookup(a, path).Interface(), strict.Lookup(b, path).Interface())
}
