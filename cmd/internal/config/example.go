package config

import _ "embed"

//go:embed example.yaml
var example string

// Example returns a commented configuration to start from: every key with its
// default, and the few that need a value. It is the same text as
// config.example.yaml, the one beside the sources.
func Example() []byte { return []byte(example) }
