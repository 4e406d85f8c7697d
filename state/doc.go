// Package state keeps the snapshot and the journal of duosync in a SQLite file or
// in a PostgreSQL database: which Duo users and groups are ours, what was last
// asked and answered, and what was written down before it was sent. It implements
// dirsync.Store and dirsync.Journal.
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
// # SQLite
//
// The file must lie on a local disk; NFS, SMB and their like are refused. The lock
// is flock(2) on a file beside it, so it goes with the process, and with it goes
// what the process had under way. Beside the file lie, all for its owner only:
//
//   - duosync.db-wal and -shm, SQLite's, while it is open or after a crash. Whoever
//     puts another file in its place must remove them;
//   - duosync.db.lock, the run lock;
//   - duosync.db.20260102T150405Z.bak, the last five copies, each made before the
//     first change of a run. No room for one is a warning;
//   - duosync.db.run, the mark of the newest run. A state that is older than its
//     mark was restored from a copy: what happened in Duo since is not in it. It
//     warns, and Meta.Refreshed is zero until a run has read all of Duo.
//
// # PostgreSQL
//
// The tables lie in the first schema of the search_path, which is theirs alone.
// The lock is an advisory lock of a connection of its own; keepalives end it half a
// minute after its host is gone. That is not enough by itself: a holder that was
// cut off does not know that, and may go on. So each opening for runs raises an
// epoch, and each transaction of a run finds out, under a row lock, that the epoch
// is still its own; else it is ErrLostLock. And a successor waits until no call of
// a holder that did not close the state can be under way, see Open. For that the
// caller must give each call, with all its tries, no longer than Options.CallTime.
// A pooler between here and the server must keep sessions; one that shares them
// between transactions would lose the lock.
//
// Backups are the database's own. That one was restored, or that a standby took
// over without the last commits, can't be told: run once with --refresh then.
package state
