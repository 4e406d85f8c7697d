// Package state keeps the snapshot and the journal of duosync, which Duo users and groups
// are ours, what was last asked and answered, and what was written down before it was
// sent, with all SQL, in the dialect that SQLite and PostgreSQL share. It implements dirsync.Store and dirsync.Journal, over whatever database
// state.dsn names.
//
// There are three ways in. Open is for a run that may write: it takes the run
// lock, which dies with its process, and brings the schema up to date. OpenBeside
// is for a short change beside a run. OpenReadOnly is for dry runs and reports: it
// takes no lock and leaves the state, and what lies beside it, as they were.
//
// A write is durable when its method returns (SQLite: write-ahead log, synchronous
// FULL; PostgreSQL: synchronous_commit on; one transaction a method), so a crash
// leaves an intent without an outcome and never a half-written one.
//
// All SQL here is common to the kinds of database. Where they differ stands in
// state/backend, which a kind implements: state/sqlite, state/postgres.
package state
