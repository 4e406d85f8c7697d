package report

import (
	"strings"

	dirsync "duosync/sync"
)

// Summary counts a run. The operations are counted whatever their result;
// failed, held and skipped count again by result.
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
}

// Summarize counts a run.
func Summarize(run *dirsync.Run) Summary {
	s := Summary{
		Unchanged: run.Unchanged,
		Conflict:  len(run.Conflicts),
		Failed:    run.Count(dirsync.ResultFailed),
		Held:      run.Count(dirsync.ResultHeld),
		Waiting:   len(run.Waiting),
		Skipped:   run.Skipped + run.Count(dirsync.ResultSkipped),
	}
	counters := s.actions()
	for _, o := range run.Operations {
		*counters[o.Action]++
	}
	return s
}

func (s *Summary) actions() map[dirsync.Action]*int {
	return map[dirsync.Action]*int{
		dirsync.Create: &s.Create, dirsync.Recreate: &s.Recreate, dirsync.Update: &s.Update,
		dirsync.Disable: &s.Disable, dirsync.Enable: &s.Enable, dirsync.Restore: &s.Restore,
		dirsync.Trash: &s.Trash, dirsync.Delete: &s.Delete, dirsync.Adopt: &s.Adopt, dirsync.Release: &s.Release,
	}
}

// actionOrder is the order in which the summary counts.
var actionOrder = [...]dirsync.Action{
	dirsync.Create, dirsync.Recreate, dirsync.Update, dirsync.Disable, dirsync.Enable,
	dirsync.Restore, dirsync.Trash, dirsync.Delete, dirsync.Adopt, dirsync.Release,
}

// words counts the operations by action, and again by what became of them.
func (s *Summary) words() string {
	counters := s.actions()
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, count(n)+" "+word)
		}
	}
	for _, action := range actionOrder {
		add(*counters[action], string(action))
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
