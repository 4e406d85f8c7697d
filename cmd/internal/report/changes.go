package report

import (
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// changeWords shows an operation's fields. A creation shows what there will be.
func changeWords(o *Operation) []string {
	var parts []string
	for _, c := range o.Changes {
		if o.creates() {
			usual := c.Field == dirsync.FieldUsername || c.Field == dirsync.FieldName || c.Field == dirsync.FieldStatus && c.After == dirsync.StatusActive
			if !usual {
				parts = append(parts, c.Field+" "+fieldValue(c.Field, c.After))
			}
			continue
		}
		if dirsync.IsList(c.Field) && len(c.Before)+len(c.After) > manyItems {
			parts = append(parts, c.Field+" "+differenceWords(dirsync.Items(c.Before), dirsync.Items(c.After)))
			continue
		}
		// Between letters that go from right to left an arrow would be drawn
		// from the new value to the old one; a word keeps them in order.
		to := "→"
		if rightToLeft(c.Before) || rightToLeft(c.After) {
			to = "becomes"
		}
		parts = append(parts, fmt.Sprintf("%s %s %s %s", c.Field, fieldValue(c.Field, c.Before), to, fieldValue(c.Field, c.After)))
	}
	return parts
}

// manyItems is how much text two lists may have and still be shown whole.
const manyItems = 80

// differenceWords shows what a list gains and loses, where it is too long to be
// compared at a glance.
func differenceWords(before, after []string) string {
	without := func(items, others []string) []string {
		return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(others, item) })
	}
	var parts []string
	if gained := without(after, before); len(gained) > 0 {
		parts = append(parts, "gain "+listWords(gained))
	}
	if lost := without(before, after); len(lost) > 0 {
		parts = append(parts, "lose "+listWords(lost))
	}
	return fmt.Sprintf("%s (was %s, now %s)", strings.Join(parts, " and "), count(len(before)), count(len(after)))
}

// fieldValue shows the value of a field.
func fieldValue(field, v string) string {
	if dirsync.IsList(field) {
		return listWords(dirsync.Items(v))
	}
	return value(v)
}

// listWords shows a list between brackets: as many items as can be read at a
// glance, at least one.
func listWords(items []string) string {
	if len(items) == 0 {
		return value("")
	}
	const most = 120
	var parts []string
	size := 0
	for i, item := range items {
		if size += len([]rune(item)); i > 0 && size > most {
			parts = append(parts, fmt.Sprintf("… and %s more", count(len(items)-i)))
			break
		}
		parts = append(parts, itemWord(value(item)))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// itemWord shows an item of a list; in quotes where it could be taken for more
// than one.
func itemWord(item string) string {
	if strings.ContainsAny(item, `,[]"`) {
		return `"` + item + `"`
	}
	return item
}
