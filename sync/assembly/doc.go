// Package assembly makes a plan of operations: what each one claims and frees, in
// which wave it goes, how one is split in two, and what depends on what. Its tests are the
// scenarios in sync/engine/testdata.
package assembly
