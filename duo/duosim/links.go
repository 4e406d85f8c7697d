package duosim

import "slices"

// pick gives the objects with these ids.
func pick[T any](t *table[T], ids []string) []*T {
	objects := make([]*T, len(ids))
	for i, id := range ids {
		objects[i] = t.get(id)
	}
	return objects
}

// dropFrom takes an id out of a list and tells whether it was there.
func dropFrom(ids *[]string, id string) bool {
	i := slices.Index(*ids, id)
	if i < 0 {
		return false
	}
	*ids = slices.Delete(*ids, i, i+1)
	if len(*ids) == 0 {
		*ids = nil // as if there had never been one
	}
	return true
}

// side is one end of an association: whose list an id goes into, and how many it
// may hold.
type side struct {
	ids  *[]string
	id   string
	most int
}

// associate writes each id into the other side's list; once more does no harm.
// One too many, on either side, is answered with 500/50001.
func (a *account) associate(x, y side) (any, *refusal) {
	switch {
	case slices.Contains(*x.ids, x.id):
		return "", nil
	case len(*x.ids) >= x.most, len(*y.ids) >= y.most:
		return nil, refuse(limitExceeded, "")
	}
	*x.ids = append(*x.ids, x.id)
	*y.ids = append(*y.ids, y.id)
	a.changes++
	return "", nil
}
