// Package byhand carries out what an administrator asks for beside the runs: to approve,
// to pause, to disable one user, to undo a run, to pair directory and Duo anew.
package byhand
