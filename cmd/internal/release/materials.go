package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// writeMaterials writes the bill of materials that cyclonedx-gomod made of a program, with the
// licences of all modules, and without what differs from one build of that tool to the next.
func writeMaterials(binary string, in io.Reader, path string) error {
	all, err := licencesOf(binary)
	if err != nil {
		return err
	}
	var document map[string]any
	if err := json.NewDecoder(in).Decode(&document); err != nil {
		return err
	}
	if err := complete(document, all); err != nil {
		return err
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // for everybody to read
}

// complete adds the licences to a document's components, each of which must have one, as each
// module must be a component.
func complete(document map[string]any, all []licence) error {
	metadata, _ := document["metadata"].(map[string]any)
	tools, _ := metadata["tools"].([]any)
	for _, tool := range tools {
		if t, ok := tool.(map[string]any); ok {
			delete(t, "hashes")
		}
	}
	components, _ := document["components"].([]any)
	names := map[string][]string{}
	for _, l := range all {
		names[l.path+"@"+l.version] = l.names
	}
	for _, c := range components {
		component, _ := c.(map[string]any)
		id := fmt.Sprintf("%s@%s", component["name"], component["version"])
		if names[id] == nil {
			return fmt.Errorf("%s is in the bill of materials and not in the program", id)
		}
		var licences []any
		for _, name := range names[id] {
			licences = append(licences, map[string]any{"license": map[string]any{"id": name}})
		}
		component["licenses"] = licences
		delete(names, id)
	}
	for id := range names {
		return fmt.Errorf("%s is in the program and not in the bill of materials", id)
	}
	return nil
}
