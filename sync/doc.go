// Package dirsync is the pure core of duosync: it decides what must happen in
// Duo so that Duo's users follow a directory, and walks that decision through.
//
// The folder is called sync; callers import it as dirsync, so that it cannot be
// taken for the standard library's sync.
//
// A run goes one way through the house (see Engine.Run):
//
//	settle → refresh → read → desire → diff → confirm → plan → guard → apply → record
//
// The core knows neither LDAP nor HTTP nor SQL. It speaks to a Source (the
// directory), a Target (Duo) and a Store (the snapshot and the journal), whose
// contracts stand in ports.go. It never logs; it tells an Observer and returns
// errors. Given the same input it gives the same plan, byte for byte.
package dirsync
