// Package decide says what happens to one person: what the directory wants of Duo, held
// against the link and against what Duo holds, gives operations and the link as it is to
// be, by what section sync of the configuration asks of a run (rules.go). What needs a look
// at others (who holds a name, which phone is free) is the engine's. Its other half,
// [OutcomeOf], says what the result of an operation makes of the link.
package decide
