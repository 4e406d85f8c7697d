package engine

import (
	dirsync "duosync/sync"
	"fmt"
	"slices"
	"strings"
)

// tell puts a result into the report.
func (a *application) tell(s *subject, res dirsync.Result) {
	o := a.byOp[res.Op]
	if res.Fate == dirsync.Done {
		o.Result = dirsync.ResultApplied
		if res.Account != nil {
			a.compare(res)
		}
		if len(res.Undone) > 0 {
			a.tellUndone(s, o, res)
		}
		return
	}
	o.Result, o.Error = dirsync.ResultFailed, fateWords(res.Fate)
	if res.Err != nil {
		o.Error = res.Err.Error()
	}
	switch {
	case res.Op.OnGroup():
		if res.Fate == dirsync.Refused || res.Fate == dirsync.Taken {
			key := string(res.Op.Source)
			a.refused[key] = dirsync.Told{Hash: a.groups.hash(res.Op.Group.Key()), Username: res.Op.Group.Name, Sources: res.Op.Group.Sources, Reason: o.Error}
		}
		a.failed = a.failed || res.Fate == dirsync.Unknown
		return
	case res.Op.Action == dirsync.EnrollMail && res.Fate == dirsync.Unknown:
		o.Error = "it is not known whether the mail was sent; it is not sent again"
		return
	}
	switch res.Fate {
	case dirsync.Refused:
		s.problem, o.Known = o.Error, a.known(s, o.Error)
	case dirsync.Taken:
		// Perhaps the holder is ours, and its rename failed in this run: the
		// next run looks again, and tells of a conflict if it is one.
		o.Error = "another Duo user holds the name"
		if res.Account != nil && dirsync.FoldName(res.Account.Username) != dirsync.FoldName(res.Op.Name()) {
			o.Error = fmt.Sprintf("the name is an alias of the Duo user %s", dirsync.Quote(res.Account.Username))
		}
		a.retry[s] = true
	case dirsync.Unknown:
		a.failed, a.retry[s] = true, true
	default:
		a.retry[s] = true
	}
}

// tellUndone puts into the report which lists of a person could not be brought
// about. What Duo refused is told once, and not tried again before something
// changes.
func (a *application) tellUndone(s *subject, o *dirsync.Operation, res dirsync.Result) {
	texts := make([]string, 0, len(res.Undone))
	refused := true
	for _, u := range res.Undone {
		text := u.Field + ": " + fateWords(u.Fate)
		if u.Err != nil {
			text = u.Field + ": " + u.Err.Error()
		}
		texts = append(texts, text)
		refused = refused && u.Fate == dirsync.Refused
	}
	o.Result, o.Error = dirsync.ResultFailed, strings.Join(texts, "; ")
	if refused {
		s.problem, o.Known = o.Error, a.known(s, o.Error)
	} else {
		a.retry[s] = true
	}
}

// compare warns, once, of values that Duo keeps in another form than it was
// sent them. That form is not fought.
func (a *application) compare(res dirsync.Result) {
	if res.Op.Action == dirsync.EnrollMail || res.Op.Action == dirsync.PhoneDelete {
		return
	}
	for _, c := range res.Op.Changes {
		if dirsync.IsList(c.Field) {
			continue
		}
		held := res.Account.Field(c.Field)
		if held == c.After || c.Field == dirsync.FieldUsername && dirsync.FoldName(held) == dirsync.FoldName(c.After) || res.Op.Action == dirsync.Trash {
			continue
		}
		a.warn("%s: Duo keeps %s as %s, it was sent %s", res.Op.Name(), c.Field, dirsync.Quote(held), dirsync.Quote(c.After))
	}
}

// leave marks what was not sent.
func (a *application) leave(why string) {
	a.failed = true
	for _, o := range a.report.Operations {
		if o.Result == dirsync.ResultPlanned {
			o.Result, o.Error = dirsync.ResultSkipped, why
			if slices.Contains(a.sent, o.Op) {
				o.Error = "perhaps sent, and not written down; the next run finds out"
			}
			a.retry[a.byID[o.Source]] = true
		}
	}
}
