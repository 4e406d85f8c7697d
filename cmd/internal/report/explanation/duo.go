package explanation

import (
	"cmp"
	"fmt"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Whether a Duo user is ours.
const (
	DuoOurs    = "ours"
	DuoNotOurs = "not ours"
	DuoNone    = "no such user"
	DuoUnknown = "unknown" // Duo could not be asked
)

// DuoStand is what Duo holds now. Holders are other users, who hold a name that
// the person wants.
type DuoStand struct {
	Standing string   `json:"standing"`
	User     *DuoUser `json:"user"`
	// ByOthers: the user may not log in as the directory would have it, and that is
	// not our doing.
	ByOthers bool        `json:"status_by_others"`
	Changed  []FieldDiff `json:"changed"` // since Duo last answered, by others
	Holders  []Holder    `json:"holders"`
}

// FieldDiff is a field that others have changed in Duo.
type FieldDiff struct {
	Field string `json:"field"`
	Left  Values `json:"left"` // as we left it
	Duo   Values `json:"duo"`
}

// Holder is a Duo user who holds a name that the person wants, and why it is not
// the person's.
type Holder struct {
	Name   string   `json:"name"`
	Reason string   `json:"reason"`
	User   *DuoUser `json:"user"`
}

// DuoUser is a user as Duo shows it.
type DuoUser struct {
	ID       string `json:"duo_user_id"`
	Username string `json:"username"`
	Status   string `json:"status"`
	// LockoutReason is why Duo has locked the user out, in its words; "" where it has not,
	// or does not say.
	LockoutReason string     `json:"lockout_reason"`
	Aliases       []string   `json:"aliases"`
	Realname      string     `json:"realname"`
	Email         string     `json:"email"`
	Created       string     `json:"created"`
	Enrolled      bool       `json:"enrolled"`
	Directory     bool       `json:"duo_directory_sync"`
	Groups        []DuoGroup `json:"groups"`
	Phones        []DuoPhone `json:"phones"`
}

// DuoGroup is a group of a user. Status is "" where it was not asked for.
type DuoGroup struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Ours   bool   `json:"ours"` // the membership is
}

// DuoPhone is a phone of a user.
type DuoPhone struct {
	ID        string `json:"id"`
	Number    string `json:"number"`
	Type      string `json:"type"`
	Platform  string `json:"platform"`
	Activated bool   `json:"activated"`
	Ours      bool   `json:"ours"`
	// Kept: it is ours and the directory has it no longer; it stays, for the person
	// has activated it.
	Kept bool `json:"kept"`
}

func (d *DuoStand) words() string {
	switch d.Standing {
	case DuoNone:
		text := "no such user"
		if len(d.Holders) > 0 {
			text = "no user of ours; " + d.Holders[0].words()
		}
		return text
	case DuoNotOurs:
		return statusWord(d.User) + "; not ours, never touched"
	case DuoUnknown:
		return "not known: Duo was not asked"
	}
	text := statusWord(d.User)
	if !d.User.Enrolled {
		return text + ", not enrolled"
	}
	return text + ", enrolled"
}

func statusWord(u *DuoUser) string {
	if u.Status == dirsync.StatusPendingDeletion {
		return inTrash
	}
	return u.Status
}

func (h *Holder) words() string {
	u := h.User
	return fmt.Sprintf("the name %s is held by the Duo user %s (%s, %s): %s", h.Name, u.Username, u.ID, statusWord(u), h.Reason)
}

func (d *DuoStand) block() form.Block {
	b := form.Block{Title: "Duo"}
	if u := d.User; u != nil {
		tone := form.Plain
		if u.Status != dirsync.StatusActive {
			tone = form.Change
		}
		b.Item(tone, fmt.Sprintf("%s, status %s: %s", u.ID, u.Status, means(u.Status, u.LockoutReason)))
		if d.ByOthers && u.Status != dirsync.StatusLockedOut {
			b.Item(form.Change, "not duosync's doing, nor undone by it: an administrator changes it in the Duo Admin Panel")
		}
		for _, g := range u.Groups {
			if g.overrides() {
				b.Item(form.Bad, fmt.Sprintf("the group %s has the status %s, which counts before the user's own: %s", g.Name, g.Status, means(g.Status, "")))
			}
		}
		text := "has no device yet"
		if u.Enrolled {
			text = "enrolled: has a device"
		}
		if u.Created != "" {
			text += "; created on " + phrase.Minute(u.Created) + " UTC"
		}
		b.Item(form.Plain, text)
		if len(u.Aliases) > 0 {
			b.Item(form.Plain, "aliases: "+phrase.List(u.Aliases))
		}
		if u.Directory {
			b.Item(form.Change, ManagedByDuo)
		}
	}
	for _, c := range d.Changed {
		b.Item(form.Change, fmt.Sprintf("%s was changed in Duo by others: %s → %s", c.Field, c.Left.words(), c.Duo.words()))
	}
	for i := range d.Holders {
		b.Item(form.Conflict, d.Holders[i].words())
	}
	return b
}

func (d *DuoStand) devicesBlock() form.Block {
	if d.User == nil {
		return form.Block{}
	}
	l := &form.List{Columns: []string{"phone or group", "what"}, Lead: 1}
	for _, p := range d.User.Phones {
		l.Add(form.Row{Cells: []string{cmp.Or(p.Number, p.ID), p.words()}})
	}
	for _, g := range d.User.Groups {
		r := form.Row{Cells: []string{g.Name, g.words()}}
		if g.overrides() {
			r.Tone = form.Bad
		}
		l.Add(r)
	}
	return form.Block{Title: "phones and groups in Duo", List: l}
}

// overrides reports whether the group's status counts before that of its members.
func (g *DuoGroup) overrides() bool { return g.Status != "" && g.Status != dirsync.StatusActive }

func (g *DuoGroup) words() string {
	text := "group, joined by others"
	if g.Ours {
		text = "group, joined by duosync"
	}
	if g.overrides() {
		text += "; status " + g.Status
	}
	return text
}

func (p *DuoPhone) words() string {
	text := cmp.Or(p.Type, "phone")
	if p.Platform != "" && p.Platform != "unknown" {
		text += ", " + p.Platform
	}
	if p.Activated {
		text += ", activated for Duo Mobile"
	}
	switch {
	case p.Kept:
		return text + "; made by duosync, no longer in the directory, and kept, for it is activated"
	case p.Ours:
		return text + "; made by duosync"
	}
	return text + "; not made by duosync"
}
