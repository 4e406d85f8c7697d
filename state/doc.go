// Package state keeps the snapshot and the journal of duosync in a SQLite file:
// which Duo users are ours, what was last asked and answered, and what was
// written down before it was sent. It implements dirsync.Store and
// dirsync.Journal.
//
// There are two ways in. Open is for a run that may write: it takes the run
// lock, which dies with its process, and brings the schema up to date.
// OpenReadOnly is for dry runs and reports: it reads a private copy, takes no
// lock and leaves the state and its folder as they were.
//
// A write is durable when its method returns (write-ahead log, synchronous
// FULL, one transaction a method), so a crash leaves an intent without an
// outcome and never a half-written one.
package state
