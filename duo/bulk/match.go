package bulk

import (
	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Expected is what a place of an answer is to be about: a user of that id, or a new one of
// that name.
type Expected struct{ ID, Name string }

// Told is what an answer tells of one of those expected.
type Told struct {
	Account *dirsync.Account // as Duo answered it, nil where it did not
	// Refused: Duo refused this one in its place of an answer that is whole.
	Refused error
}

// Match holds an answer against what was asked, and gives what it tells of each. A user is
// taken where just one item of the answer has the id, or the name of a new one, and no other
// item has that user's id; so it does not matter in which order the answer is. A refusal
// says nobody's name, and is taken in its place only where the answer has an item for each,
// and none is about anybody else than the one in its place.
func Match(asked []Expected, items []api.Item) []Told {
	told := make([]Told, len(asked))
	place := make(map[Expected]int, len(asked))
	for i, x := range asked {
		place[x.key()] = i
	}
	ids := make(map[string]int, len(items))
	for _, item := range items {
		if item.Account != nil {
			ids[item.Account.ID]++
		}
	}
	whole := len(items) == len(asked)
	answers := make([]int, len(asked))
	for n, item := range items {
		a := item.Account
		if a == nil {
			continue
		}
		i, known := place[Expected{ID: a.ID}]
		if !known {
			i, known = place[Expected{Name: dirsync.FoldName(a.Username)}]
		}
		if !known || i != n {
			whole = false
		}
		if known {
			answers[i]++
			if told[i].Account = a; ids[a.ID] > 1 {
				answers[i]++
			}
		}
	}
	for i := range told {
		if answers[i] != 1 {
			told[i].Account = nil
		}
		if whole && items[i].Account == nil {
			told[i].Refused = items[i].Err
		}
	}
	return told
}

func (x Expected) key() Expected {
	if x.ID != "" {
		return Expected{ID: x.ID}
	}
	return Expected{Name: dirsync.FoldName(x.Name)}
}
