package news

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"time"

	dirsync "duosync/sync"
)

// Parts of what stands are kept as digests: a memory names nobody.

// volatile is what differs from one failure to the next of the same kind: numbers, and ids
// with digits in them.
var volatile = regexp.MustCompile(`[0-9A-Fa-f]*[0-9][0-9A-Za-z]*`)

// kindOf gives an error without what differs from run to run: times, ports, ids.
func kindOf(err error) string { return digest(volatile.ReplaceAllString(err.Error(), "#")) }

// Person gives the key of a person, or of a group that has no id. A directory that gets a
// name changes ids, and not who is meant.
func Person(username string, source dirsync.SourceID) string {
	return digest(cmp.Or(dirsync.FoldName(username), string(source)))
}

// guardsOf gives how many people each guard that holds concerns, and since when the first
// of them holds.
func guardsOf(run *dirsync.Run) (guards map[string]int, since time.Time) {
	since = run.Started
	for i := range run.Guards {
		g := &run.Guards[i]
		if !g.Held {
			continue
		}
		if guards == nil {
			guards = map[string]int{}
		}
		how := "in part"
		if !g.Partial {
			how = "whole"
		}
		guards[digest(g.Name, g.About.Text(), how)] = max(1, g.Affected)
		if !g.Since.IsZero() && g.Since.Before(since) {
			since = g.Since
		}
	}
	return guards, since
}

func conflictsOf(run *dirsync.Run) map[string]int {
	who := map[string]int{}
	for i := range run.Conflicts {
		who[ConflictKey(&run.Conflicts[i])] = 1
	}
	return who
}

// ConflictKey gives the key of a conflict: who is in it, and why.
func ConflictKey(c *dirsync.Conflict) string {
	parts := []string{dirsync.FoldName(c.Username), volatile.ReplaceAllString(c.Reason, "#")}
	if c.Username == "" {
		for _, id := range c.Sources {
			parts = append(parts, string(id))
		}
	}
	return digest(parts...)
}

func attentionOf(run *dirsync.Run) map[string]int {
	who := map[string]int{}
	for _, a := range run.Attention {
		who[Person(a.Username, a.Source)] = 1
	}
	return who
}

// cause is the key of a person, or group, who needs somebody for a reason.
func cause(username string, source dirsync.SourceID, reason string) string {
	return digest("cause", cmp.Or(string(source), dirsync.FoldName(username)), volatile.ReplaceAllString(reason, "#"))
}

// attendedFor gives the causes of all who need somebody.
func attendedFor(run *dirsync.Run) map[string]int {
	keys := map[string]int{}
	for _, a := range run.Attention {
		keys[cause(a.Username, a.Source, a.Reason)] = 1
	}
	return keys
}

// causesOf gives those of everybody in a conflict.
func causesOf(c *dirsync.Conflict) (keys []string) {
	if len(c.Sources) == 0 {
		return []string{cause(c.Username, "", c.Reason)}
	}
	for _, id := range c.Sources {
		keys = append(keys, cause(c.Username, id, c.Reason))
	}
	return keys
}

// changesOf digests what was written; any is false where nothing was.
func changesOf(run *dirsync.Run) (id string, any bool) {
	var parts []string
	for _, o := range run.Operations {
		if o.Result != dirsync.ResultApplied {
			continue
		}
		parts = append(parts, string(o.Action), string(o.Source), o.Username)
		for _, c := range o.Changes {
			parts = append(parts, c.Field, c.Before, c.After)
		}
	}
	return digest(parts...), len(parts) > 0
}

// digest is short, and its parts can't run into one another.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = h.Write([]byte(part + "\x00"))
	}
	const length = 8 // bytes: enough to tell a million apart
	return hex.EncodeToString(h.Sum(nil)[:length])
}
