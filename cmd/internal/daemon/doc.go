// Package daemon keeps duosync running: it makes a run whenever the schedule
// says so, never two at once, and tells the world outside how they went.
//
// One goroutine, the loop of daemon.go, owns everything that changes: the
// schedule (schedule.go), the configuration of the moment (reload.go), and the
// one run that may be under way (turn.go). What others look at, the pages of
// http.go, comes from a status that the loop keeps (status.go) and from the
// metrics (metrics.go). [After] is the part that a single run needs as well:
// the textfile and the heartbeat.
package daemon
