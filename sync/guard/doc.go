// Package guard weighs a plan before its first write (guard.go lists all guards): whether what was read may be
// believed (evidence), whether it takes or gives too much (limits), whether it follows
// from another scope than was accepted, and what approvals let through.
//
// Its functions are pure: they know what is in their facts, and ask nobody. What they
// need to know beyond a read they ask for as Questions, which the engine puts to the
// directory.
//
// # Terms
//
//   - reference: what complete reads saw of a part of the directory: of a base its
//     persons, of a group its members, of an attribute its bearers
//   - doubt: a part that had somebody at its reference and has nobody now, and of which
//     no evidence shows that this is so
//   - held: an operation that is not carried out before a human says so; a guard that
//     doubts the read or the state holds the whole run, every other one holds what it is
//     about and what depends on that
//   - floor: the number of persons below which no limit holds
//   - accepted: a doubt, a fallen count or another scope that an approval, or a run that
//     missed nobody, has made the truth
package guard
