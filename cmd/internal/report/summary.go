package report

import (
	"strings"

	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Summary counts a run. The operations are counted whatever their result;
// failed, held and skipped count again by result. Phones are made and deleted as
// part of operations on people; PhoneCreate and PhoneDelete count the phones.
type Summary struct {
	Unchanged   int `json:"unchanged"`
	Create      int `json:"create"`
	Recreate    int `json:"recreate"`
	Update      int `json:"update"`
	Disable     int `json:"disable"`
	Enable      int `json:"enable"`
	Restore     int `json:"restore"`
	Trash       int `json:"trash"`
	Delete      int `json:"delete"`
	Adopt       int `json:"adopt"`
	Release     int `json:"release"`
	GroupCreate int `json:"group_create"`
	GroupUpdate int `json:"group_update"`
	GroupDelete int `json:"group_delete"`
	PhoneCreate int `json:"phone_create"`
	PhoneDelete int `json:"phone_delete"`
	EnrollMail  int `json:"enroll_mail"`
	Conflict    int `json:"conflict"`
	Failed      int `json:"failed"`
	Held        int `json:"held"`
	Waiting     int `json:"waiting"`
	Skipped     int `json:"skipped"`
	Attention   int `json:"attention"`
}

// Summarize counts a run.
func Summarize(run *dirsync.Run) Summary {
	s := Summary{
		Unchanged: run.Unchanged,
		Conflict:  len(run.Conflicts),
		Failed:    run.Count(dirsync.ResultFailed),
		Held:      run.Count(dirsync.ResultHeld),
		Waiting:   len(run.Waiting),
		Attention: len(run.Attention),
		Skipped:   run.Skipped + run.Count(dirsync.ResultSkipped),
	}
	counters := s.counters()
	for _, o := range run.Operations {
		s.count(counters, o.Action, o.Phones)
	}
	return s
}

// count counts one operation, and what it does to phones. counters are those of s.
func (s *Summary) count(counters []counter, action dirsync.Action, phones []dirsync.PhoneStep) {
	for _, step := range phones {
		switch step.Do {
		case dirsync.PhoneMake:
			s.PhoneCreate++
		case dirsync.PhoneRemove:
			s.PhoneDelete++
		}
	}
	if action == dirsync.PhoneDelete {
		return // its steps were counted
	}
	for _, c := range counters {
		if c.word == string(action) {
			*c.n++
		}
	}
}

// counter is one of the counts of what is done, by its word in the report.
type counter struct {
	word string
	n    *int
}

// counters gives the counts of what is done, in their order. All but those of
// phones are of operations, by action.
func (s *Summary) counters() []counter {
	return []counter{
		{string(dirsync.Create), &s.Create}, {string(dirsync.Recreate), &s.Recreate}, {string(dirsync.Update), &s.Update},
		{string(dirsync.Disable), &s.Disable}, {string(dirsync.Enable), &s.Enable}, {string(dirsync.Restore), &s.Restore},
		{string(dirsync.Trash), &s.Trash}, {string(dirsync.Delete), &s.Delete}, {string(dirsync.Adopt), &s.Adopt},
		{string(dirsync.Release), &s.Release}, {string(dirsync.GroupCreate), &s.GroupCreate}, {string(dirsync.GroupUpdate), &s.GroupUpdate},
		{string(dirsync.GroupDelete), &s.GroupDelete}, {"phone_create", &s.PhoneCreate}, {string(dirsync.PhoneDelete), &s.PhoneDelete},
		{string(dirsync.EnrollMail), &s.EnrollMail},
	}
}

// words counts the operations by action, and again by what became of them.
func (s *Summary) words() string {
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, phrase.Count(n)+" "+word)
		}
	}
	for _, c := range s.counters() {
		add(*c.n, c.word)
	}
	if len(parts) == 0 {
		parts = append(parts, "no operations")
	}
	add(s.Failed, "failed")
	add(s.Held, "held")
	add(s.Skipped, "skipped")
	add(s.Conflict, "in conflict")
	add(s.Waiting, "waiting")
	return strings.Join(parts, ", ")
}

// Planned counts the operations of a run, whatever became of them.
func (h *Head) Planned() int {
	n := h.Summary.Failed
	for _, c := range h.Summary.counters() {
		n += *c.n
	}
	return n
}
