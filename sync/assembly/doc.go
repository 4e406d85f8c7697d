// Package assembly makes a plan of operations: waves.go alone says in which order they go,
// the others what each claims and frees, how one is split in two, and what is held with
// what; the engine carries out what it gets. Its tests are the scenarios in
// sync/engine/testdata.
package assembly
