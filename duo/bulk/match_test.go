package bulk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"duosync/duo/api"
	"duosync/duo/bulk"
	dirsync "duosync/sync"
)

var errRefused = errors.New("refused")

// answer reads items: an id and a name as DU1=ann, "fail" an envelope of a refusal, "?" what
// has no user, or can't be read.
func answer(text string) []api.Item {
	var items []api.Item
	for _, word := range strings.Fields(text) {
		switch id, name, user := strings.Cut(word, "="); {
		case user:
			items = append(items, api.Item{Account: &dirsync.Account{ID: id, Username: name}})
		case word == "fail":
			items = append(items, api.Item{Err: errRefused})
		default:
			items = append(items, api.Item{})
		}
	}
	return items
}

func TestMatch(t *testing.T) {
	create := []bulk.Expected{{Name: "Ann"}, {Name: "bob"}, {Name: "eve"}}
	change := []bulk.Expected{{ID: "DU1"}, {ID: "DU2"}, {ID: "DU3"}}
	for name, test := range map[string]struct {
		asked  []bulk.Expected
		answer string
		want   string // by place: the id taken, "refused", or "-"
	}{
		"created, in order":              {create, "DU1=ann DU2=bob DU3=EVE", "DU1 DU2 DU3"},
		"created, in another order":      {create, "DU3=eve DU1=ann DU2=bob", "DU1 DU2 DU3"},
		"one refused in its place":       {create, "DU1=ann fail DU3=eve", "DU1 refused DU3"},
		"one refused, in another order":  {create, "DU3=eve fail DU1=ann", "DU1 - DU3"},
		"one left out":                   {create, "DU1=ann DU3=eve", "DU1 - DU3"},
		"one left out, and one refused":  {create, "fail DU3=eve", "- - DU3"},
		"one twice":                      {create, "DU1=ann DU2=bob DU3=eve DU3=eve", "DU1 DU2 -"},
		"two of one id":                  {create, "DU1=ann DU1=bob DU3=eve", "- - DU3"},
		"a stranger in a place":          {create, "DU1=ann DU9=mal DU3=eve", "DU1 - DU3"},
		"a stranger, and one refused":    {create, "DU9=mal fail DU3=eve", "- - DU3"},
		"not to be read":                 {create, "? DU2=bob DU3=eve", "- DU2 DU3"},
		"an answer to something else":    {create, "DU7=x DU8=y DU9=z", "- - -"},
		"nothing":                        {create, "", "- - -"},
		"all refused":                    {create, "fail fail fail", "refused refused refused"},
		"changed, in order":              {change, "DU1=a DU2=b DU3=c", "DU1 DU2 DU3"},
		"changed, renamed to each other": {change, "DU2=a DU1=b DU3=c", "DU1 DU2 DU3"},
		"changed, one refused":           {change, "DU1=a fail DU3=c", "DU1 refused DU3"},
		"changed, without ids":           {change, "? ? ?", "- - -"},
		"changed, another user":          {change, "DU1=a DU9=b fail", "DU1 - -"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, told := range bulk.Match(test.asked, answer(test.answer)) {
				switch {
				case told.Account != nil && told.Refused != nil:
					t.Errorf("both: %+v", told)
				case told.Account != nil:
					got = append(got, told.Account.ID)
				case told.Refused != nil:
					got = append(got, "refused")
				default:
					got = append(got, "-")
				}
			}
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
