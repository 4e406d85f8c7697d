package explanation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Snapshot is what the state knows: how the user came to us, what we asked for
// last, what Duo answered.
type Snapshot struct {
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Origin   dirsync.Origin   `json:"origin"`
	// Since is when the user became ours; "" where that is not known.
	Since    string            `json:"since"`
	Asked    map[string]Values `json:"asked"`
	Answered *DuoUser          `json:"answered"`
	// Missing is set while the person is gone or out of scope.
	Missing        *MissingStand `json:"missing"`
	LetGo          string        `json:"let_go"`
	DisabledByHand bool          `json:"disabled_by_hand"`
	Phones         []string      `json:"phones"`
	Groups         []string      `json:"groups"`
	Unfinished     []string      `json:"unfinished"`
	Mail           dirsync.Mail  `json:"mail"`
	// Refreshed is when Duo was last read whole; "" if never.
	Refreshed string `json:"refreshed"`
	// RefreshDue is from when on a run reads it whole again; "" for any run.
	RefreshDue string `json:"refresh_due"`
}

// MissingStand says why a person is missing, since when, and which step was taken.
type MissingStand struct {
	Why   string         `json:"why"`
	Since string         `json:"since"`
	Step  dirsync.Action `json:"step"`
	At    string         `json:"at"`
}

// block tells what is remembered. What was asked for last is told where no field is
// followed, and what was known of Duo where Duo does not tell itself.
func (s *Snapshot) block(fieldsFollowed, duoTells bool) form.Block {
	b := form.Block{Title: "what duosync remembers"}
	if s == nil {
		return b
	}
	came := map[dirsync.Origin]string{dirsync.Created: "created by duosync", dirsync.Adopted: "existed in Duo before, and was adopted"}[s.Origin]
	if s.Since != "" {
		came += ", on " + phrase.Minute(s.Since) + " UTC"
	}
	b.Item(form.Plain, fmt.Sprintf("Duo user %s: %s", s.User, came))
	if m := s.Missing; m != nil {
		text := fmt.Sprintf("missing from the directory's scope (%s) since %s UTC", m.Why, phrase.Minute(m.Since))
		if m.Step != "" {
			text += fmt.Sprintf("; %s on %s UTC", done(m.Step), phrase.Minute(m.At))
		}
		b.Item(form.Bad, text)
	}
	if text := cmp.Or(lettingGo[s.LetGo], s.LetGo); text != "" {
		b.Item(form.Bad, text)
	}
	if s.DisabledByHand {
		b.Item(form.Change, "somebody else disabled the user in Duo, so it is not duosync's to enable")
	}
	if len(s.Phones) > 0 {
		b.Item(form.Plain, "phones that duosync made: "+phrase.List(s.Phones))
	}
	if len(s.Groups) > 0 {
		b.Item(form.Plain, "groups that duosync put the user into: "+phrase.List(s.Groups))
	}
	if len(s.Unfinished) > 0 {
		b.Item(form.Change, "still to be done: "+strings.Join(s.Unfinished, ", "))
	}
	if words := mails[s.Mail]; words != "" {
		b.Item(form.Plain, words)
	}
	if !fieldsFollowed && len(s.Asked) > 0 {
		var parts []string
		for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
			if asked, ours := s.Asked[field]; ours && len(asked.Items) > 0 {
				parts = append(parts, field+" "+asked.words())
			}
		}
		b.Item(form.Plain, "last asked of Duo: "+strings.Join(parts, ", "))
	}
	if !duoTells {
		b.Item(form.Plain, fmt.Sprintf("last known of Duo: %s, status %s", s.Answered.Username, s.Answered.Status))
	}
	if s.Refreshed != "" {
		text := "all of Duo was last read on " + phrase.Minute(s.Refreshed) + " UTC"
		if s.RefreshDue != "" {
			text += "; the first run after " + phrase.Minute(s.RefreshDue) + " UTC reads it again, and looks at what was changed there"
		}
		b.Item(form.Plain, text)
	}
	return b
}

// mails says where an enrollment mail stands.
var mails = map[dirsync.Mail]string{
	dirsync.MailDue:     "the enrollment mail is due",
	dirsync.MailSent:    "the enrollment mail was sent",
	dirsync.MailRefused: "Duo refused the enrollment mail; it is due again with another address",
}
