package statetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// fill sets every field of a value, whatever it is made of, so that a field that
// is added later must survive the state, too. A field that JSON leaves out is of
// one run, and stays as it is. A kind that it does not know
// panics.
func fill(v reflect.Value, seed int) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(noon.Add(time.Duration(seed) * time.Hour)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(seed) + 1)
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(seed)) // more than a signed column takes as it is
	case reflect.String:
		v.SetString(fmt.Sprintf("%d \"ä<&>\u2028\x00' \\ 𝄞", seed))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), seed)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), seed+i)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, seed+i)
			fill(value, seed+i+1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i), seed+i)
			}
		}
	default:
		panic(fmt.Sprintf("fill does not know %s", v.Type()))
	}
}

// filled gives a T with every field set.
func filled[T any](seed int) T {
	var value T
	fill(reflect.ValueOf(&value).Elem(), seed)
	return value
}

// without gives a filled T for each of its fields, at any depth of structs, in which that
// one has its zero value: what is written and read by lists of fields that somebody
// keeps loses the field that was added last. Each is under the name of the field.
func without[T any](seed int) map[string]T {
	all := map[string]T{}
	for path, index := range paths(reflect.TypeFor[T](), "", nil) {
		value := filled[T](seed)
		reflect.ValueOf(&value).Elem().FieldByIndex(index).SetZero()
		all[path] = value
	}
	return all
}

// paths gives the place of each field of a struct, and of those in it, by name. What
// JSON leaves out is kept nowhere.
func paths(t reflect.Type, prefix string, above []int) map[string][]int {
	all := map[string][]int{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, index := prefix+field.Name, append(slices.Clone(above), i)
		switch inner := field.Type; {
		case !field.IsExported() || field.Tag.Get("json") == "-":
			panic(fmt.Sprintf("%s.%s is kept nowhere", t, field.Name))
		case inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]():
			maps.Copy(all, paths(inner, name+".", index))
		case inner.Kind() == reflect.Pointer && inner.Elem().Kind() == reflect.Struct:
			maps.Copy(all, paths(inner.Elem(), name+".", index))
			fallthrough
		default:
			all[name] = index
		}
	}
	return all
}

// unset gives the names of the fields of a struct that none of the values has set.
func unset[T any](values []T) []string {
	var names []string
	for i := range reflect.TypeFor[T]().NumField() {
		if !slices.ContainsFunc(values, func(v T) bool { return !reflect.ValueOf(v).Field(i).IsZero() }) {
			names = append(names, reflect.TypeFor[T]().Field(i).Name)
		}
	}
	return names
}
