package statetest

import (
	"fmt"
	"reflect"
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
