// Package assembly makes a plan of operations: stages.go parts what takes from what gives
// (the stages of sync/op.go), waves.go puts stages and actions in order, rings.go renames
// among themselves, and the others say what each claims and frees, and what is held with
// what; ahead.go counts who is still to come. The engine carries out what it gets. Its tests
// are the scenarios in sync/engine/testdata.
package assembly
