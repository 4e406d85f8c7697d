package account

import "slices"

// Table holds objects by id, in the order of their creation. An object stays
// where it is in memory when it is replaced.
type Table[T any] struct {
	byID  map[string]*T
	order []*T
}

// Get gives the object with an id, or nil.
func (t *Table[T]) Get(id string) *T { return t.byID[id] }

// Put adds an object, or replaces the one with that id.
func (t *Table[T]) Put(id string, object *T) {
	if t.byID == nil {
		t.byID = make(map[string]*T)
	}
	if old := t.byID[id]; old != nil {
		*old = *object
		return
	}
	t.byID[id] = object
	t.order = append(t.order, object)
}

// Remove takes the object with an id away, if there is one.
func (t *Table[T]) Remove(id string) {
	if i := slices.Index(t.order, t.byID[id]); i >= 0 {
		t.order = slices.Delete(t.order, i, i+1)
	}
	delete(t.byID, id)
}

// Pick gives the objects with these ids.
func (t *Table[T]) Pick(ids []string) []*T {
	objects := make([]*T, len(ids))
	for i, id := range ids {
		objects[i] = t.Get(id)
	}
	return objects
}

// missing gives the first of these ids that nothing has.
func (t *Table[T]) missing(ids []string) (string, bool) {
	for _, id := range ids {
		if t.byID[id] == nil {
			return id, true
		}
	}
	return "", false
}

// All gives the objects that keep accepts, nil accepting all, in their order.
func (t *Table[T]) All(keep func(*T) bool) []*T {
	objects := slices.Clone(t.order)
	if keep != nil {
		objects = slices.DeleteFunc(objects, func(object *T) bool { return !keep(object) })
	}
	return objects
}

// copies gives the objects as values, in their order.
func (t *Table[T]) copies(copied func(T) T) []T {
	var values []T
	for _, object := range t.order {
		values = append(values, copied(*object))
	}
	return values
}

func (t *Table[T]) clone(copied func(T) T) Table[T] {
	c := Table[T]{byID: make(map[string]*T, len(t.byID)), order: make([]*T, len(t.order))}
	moved := make(map[*T]*T, len(t.order))
	for i, object := range t.order {
		twin := copied(*object)
		c.order[i], moved[object] = &twin, &twin
	}
	for id, object := range t.byID {
		c.byID[id] = moved[object]
	}
	return c
}
