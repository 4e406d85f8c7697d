package config

import "duosync/cmd/internal/config/strict"

// ShowRevealed is Show with the secrets in plain, to read it back.
func ShowRevealed(l *Loaded) []byte { return strict.Show(l.Config, l.doc.Source, Secret.Reveal) }

// Leaves gives every key path.
func Leaves() []string { return allLeaves() }
