package report

import dirsync "duosync/sync"

// colour is an ANSI SGR code; lines are painted as a whole.
type colour string

const (
	plain       colour = ""
	good        colour = "32"
	change      colour = "33"
	bad         colour = "31"
	conflicting colour = "35"
	strong      colour = "1"
)

type painter struct{ on bool }

func (p painter) paint(c colour, text string) string {
	if !p.on || c == plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

func colourOf(o *dirsync.Operation) colour {
	switch {
	case o.Result == dirsync.ResultFailed, o.Result == dirsync.ResultHeld, o.Removes():
		return bad
	case o.Action == dirsync.Update || o.Action == dirsync.Adopt:
		return change
	}
	return good
}

func outcomeColour(run *dirsync.Run) colour {
	switch run.Outcome {
	case dirsync.OutcomeFailed, dirsync.OutcomeHeld:
		return bad
	case dirsync.OutcomePartial:
		return change
	}
	return strong
}
