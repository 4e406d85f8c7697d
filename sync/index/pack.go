package index

import "encoding/binary"

// form is that of an id's text.
type form uint8

const (
	odd        form = iota // any other
	uuid                   // 8-4-4-4-12 lower-case hexadecimal digits (RFC 9562, 4)
	nsUniqueID             // 8-8-8-8, of 389 Directory Server
)

// dashes are the places of the dashes in each form.
func dashes(f form) []int {
	if f == nsUniqueID {
		return []int{8, 17, 26}
	}
	return []int{8, 13, 18, 23}
}

// pack gives an id in 16 bytes, where it has a form in which that says all of it.
func pack(id string) (packed [16]byte, f form) {
	switch len(id) {
	case 36:
		f = uuid
	case 35:
		f = nsUniqueID
	default:
		return packed, odd
	}
	next, digit := 0, 0
	all := dashes(f)
	for i := range len(id) {
		c := id[i]
		if next < len(all) && i == all[next] {
			if c != '-' {
				return [16]byte{}, odd
			}
			next++
			continue
		}
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return [16]byte{}, odd
		}
		packed[digit/2] = packed[digit/2]<<4 | c
		digit++
	}
	return packed, f
}

// unpack gives the id that pack packed.
func unpack(packed [16]byte, f form) string {
	const digits = "0123456789abcdef"
	var text [36]byte
	n, next := 0, 0
	all := dashes(f)
	for _, b := range packed {
		for _, nibble := range [2]byte{b >> 4, b & 15} {
			if next < len(all) && n == all[next] {
				text[n] = '-'
				n++
				next++
			}
			text[n] = digits[nibble]
			n++
		}
	}
	return string(text[:n])
}

func putPlace(into []byte, place int) { binary.LittleEndian.PutUint64(into, uint64(place)) } //nolint:gosec // not negative

func placeIn(from []byte) int { return int(binary.LittleEndian.Uint64(from)) } //nolint:gosec // as it was put
