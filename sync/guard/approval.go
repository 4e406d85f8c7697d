package guard

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// The first part of an approval id is a digest of what is held, the second
// proves that a run against this account and directory gave it.
const (
	approvalDigest = 12 // hex digits
	approvalProof  = 8
)

// approvalID digests what guards hold.
func approvalID(holds []dirsync.Hold, binding dirsync.Binding) string {
	h := sha256.New()
	for _, hold := range holds {
		hold.Keys, hold.People = slices.Clone(hold.Keys), slices.Clone(hold.People)
		slices.Sort(hold.Keys)
		slices.Sort(hold.People)
		hold.Limit, hold.Affected, hold.Total = "", 0, 0 // what is held is the same whatever else there is
		text, _ := json.Marshal(hold)                    // texts and numbers always marshal
		_, _ = fmt.Fprintf(h, "%s\n", text)
	}
	digest := hex.EncodeToString(h.Sum(nil))[:approvalDigest]
	return digest + proof(digest, binding)
}

func proof(digest string, binding dirsync.Binding) string {
	binding.Directories = nil // one that is added changes nothing for the others
	text, _ := json.Marshal(binding)
	mac := hmac.New(sha256.New, text)
	_, _ = mac.Write([]byte(digest))
	return hex.EncodeToString(mac.Sum(nil))[:approvalProof]
}

// KnownApproval reports whether id has the form of an approval id that a run
// against this account and directory gave. It tells mistyped ids and those of
// other states.
func KnownApproval(id string, binding dirsync.Binding) bool {
	if len(id) != approvalDigest+approvalProof {
		return false
	}
	return id[approvalDigest:] == proof(id[:approvalDigest], binding)
}

// Holdings are what guards hold, for the state to know: all of it under one approval
// id, and each guard under its own.
func (v *Verdicts) Holdings() []dirsync.Approval {
	var all []dirsync.Approval
	var holds []dirsync.Hold
	for _, g := range v.Guards {
		if g.Held && g.ApprovalID != "" {
			all = append(all, dirsync.Approval{ID: g.ApprovalID, Holds: []dirsync.Hold{g.Hold}})
			holds = append(holds, g.Hold)
		}
	}
	if v.ApprovalID != "" && len(all) > 1 {
		all = append(all, dirsync.Approval{ID: v.ApprovalID, Holds: holds})
	}
	return all
}

// approve lets through what approvals cover. Of what a partial guard holds the approved
// passes and the rest stays held; what holds the whole run passes whole or not at all.
func (w *weighing) approve() {
	for i := range w.Guards { // now that nothing is split any more
		if g := &w.Guards[i]; g.Held {
			keepHold(g, w.Asked.Binding)
		}
	}
	allID := approvalID(w.heldNow(), w.Asked.Binding)
	for i := range w.Guards {
		g := &w.Guards[i]
		if !g.Held || g.Remedy != "" {
			continue
		}
		for _, a := range w.Asked.Approvals {
			if !g.Held || !w.lets(g, a, allID) {
				continue
			}
			g.ApprovedBy = dirsync.JoinNames(g.ApprovedBy, cmp.Or(a.By, "unknown"))
			if !slices.Contains(w.Used, a.ID) {
				w.Used = append(w.Used, a.ID)
			}
		}
		if g.Held {
			keepHold(g, w.Asked.Binding)
		}
	}
	if held := w.heldNow(); len(held) > 0 {
		w.ApprovalID = approvalID(held, w.Asked.Binding)
	}
	w.acceptDoubts()
}

// keepHold notes what a guard holds, for an approval to be bound to.
func keepHold(g *dirsync.Guard, binding dirsync.Binding) {
	h := &g.Hold
	h.Guard, h.About, h.Limit, h.Affected, h.Total, h.Whole = g.Name, g.About, g.Limit, g.Affected, g.Total, !g.Partial
	h.Keys = nil
	for _, o := range g.Ops {
		h.Keys = append(h.Keys, o.Key())
	}
	if g.Remedy == "" {
		g.ApprovalID = approvalID([]dirsync.Hold{*h}, binding)
	}
}

// heldNow gives what guards hold that can be approved.
func (w *weighing) heldNow() []dirsync.Hold {
	var holds []dirsync.Hold
	for _, g := range w.Guards {
		if g.Held && g.Remedy == "" {
			holds = append(holds, g.Hold)
		}
	}
	return holds
}

// lets lets through of what a guard holds what an approval covers, and reports whether
// that is anything.
func (w *weighing) lets(g *dirsync.Guard, a dirsync.Approval, allID string) bool {
	if a.Holds == nil { // of a dry run: the very same
		if a.ID == g.ApprovalID || a.ID == allID {
			w.forgive(g, g.Hold.People)
			pass(g, func(*dirsync.Op) bool { return true })
			return true
		}
		return false
	}
	for i := range a.Holds {
		h := &a.Holds[i]
		if h.Guard != g.Name || h.About != g.About || h.Count > g.Hold.Count || h.Scope != g.Hold.Scope {
			continue
		}
		covers, people := covers(h), setOf(h.People)
		covered := 0
		for _, o := range g.Ops {
			if covers(o) {
				covered++
			}
		}
		further := slices.DeleteFunc(slices.Clone(g.Hold.People), func(id dirsync.SourceID) bool { return people[id] })
		switch {
		case !g.Partial && covered < len(g.Ops), covered == 0 && len(g.Ops) > 0:
			continue
		case len(g.Ops) == 0 && len(further) > 0:
			continue
		}
		pass(g, covers)
		g.Hold.People = further
		if g.Held = len(g.Ops) > 0 || len(further) > 0; g.Held && h.Scope != "" {
			g.Affected, g.Names = len(further), w.labels(further)
		}
		w.forgive(g, h.People)
		return true
	}
	return false
}

// covers tells operations that were held: the same ones, and under another scope any
// that are about the same people.
func covers(h *dirsync.Hold) func(*dirsync.Op) bool {
	keys, people := setOf(h.Keys), setOf(h.People)
	return func(o *dirsync.Op) bool {
		return keys[o.Key()] || h.Scope != "" && (people[o.Source] || o.From != "" && people[o.From])
	}
}

// pass lets operations through a guard. What a maximum counts are those who are left.
func pass(g *dirsync.Guard, covered func(*dirsync.Op) bool) {
	g.Ops = slices.DeleteFunc(slices.Clone(g.Ops), covered)
	if g.Held = len(g.Ops) > 0; !g.Held {
		return
	}
	g.Names = namesOf(g.Ops)
	if strings.HasPrefix(g.Name, "max_") {
		g.Affected = len(sourcesOf(g.Ops))
	}
}

// forgive makes people whom an approval of another scope covers ones who are missing as
// under any scope.
func (w *weighing) forgive(g *dirsync.Guard, ids []dirsync.SourceID) {
	if g.Hold.Scope == "" {
		return
	}
	for _, id := range ids {
		p := w.person(id)
		if p == nil {
			continue
		}
		w.Forgiven[id] = true
		p.Missing = Forgiven(p.Missing)
		for _, o := range p.Ops {
			o.Missing = Forgiven(o.Missing)
		}
	}
}

// Forgiven is the end of a link's life as it is once another scope is approved for the
// person.
func Forgiven(m *dirsync.Missing) *dirsync.Missing {
	if m == nil {
		return nil
	}
	n := *m
	n.Scope, n.Approved = "", true
	return &n
}

// acceptDoubts notes what was approved of what is doubted: from now on it is taken for
// the truth. Nothing is accepted by a run that does not go on.
func (w *weighing) acceptDoubts() {
	for _, d := range w.Doubts.All {
		for _, g := range w.Guards {
			if g.Name == d.Guard && g.About == d.About && d.Remedy == "" {
				w.judged[d].accepted = g.ApprovalID != "" && !g.Held && !w.Stopped()
			}
		}
	}
}
