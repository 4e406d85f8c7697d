package framed

import (
	"errors"
	"math"
)

// The first bytes of elements (X.690, 8.1.2; RFC 4511, appendix B).
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagSequence = 0x30
	tagSet      = 0x31
)

var (
	errShort      = errors.New("it is shorter than it says")
	errIndefinite = errors.New("an element in it has no definite length")
	errLength     = errors.New("the length of an element in it can't be read")
	errTag        = errors.New("an element in it is not what must be there")
	errMore       = errors.New("what comes with it can't be read")
)

// header is the beginning of an element: its first byte, and the bytes of the header and of
// the content.
type header struct {
	tag          byte
	size, length int
}

// readHeader reads the header that data begins with. It is errShort where more bytes are
// needed. Of tags LDAP has only those of one byte, of lengths the definite ones (RFC 4511, 5.1).
func readHeader(data []byte) (header, error) {
	if len(data) < 2 {
		if len(data) == 1 && data[0]&0x1f == 0x1f {
			return header{}, errTag
		}
		return header{}, errShort
	}
	h := header{tag: data[0], size: 2, length: int(data[1])}
	switch {
	case h.tag&0x1f == 0x1f:
		return header{}, errTag
	case h.length < 0x80:
		return h, nil
	case h.length == 0x80:
		return header{}, errIndefinite
	}
	bytes := h.length & 0x7f
	if bytes > 8 {
		return header{}, errLength
	}
	if h.size += bytes; len(data) < h.size {
		return header{}, errShort
	}
	length := uint64(0)
	for _, b := range data[2:h.size] {
		length = length<<8 | uint64(b)
	}
	if length > math.MaxInt32-16 {
		length = math.MaxInt32 - 16 // more than any message has
	}
	h.length = int(length)
	return h, nil
}

// next takes the element that data begins with, of which all is there.
func next(data []byte) (tag byte, content, rest []byte, err error) {
	if len(data) >= 2 && data[1] < 0x80 && int(data[1])+2 <= len(data) && data[0]&0x1f != 0x1f { // nearly all are short
		end := int(data[1]) + 2
		return data[0], data[2:end], data[end:], nil
	}
	h, err := readHeader(data)
	if err != nil {
		return 0, nil, nil, err
	}
	if len(data)-h.size < h.length {
		return 0, nil, nil, errShort
	}
	end := h.size + h.length
	return h.tag, data[h.size:end], data[end:], nil
}

// take is next for an element that must be of a kind.
func take(data []byte, want byte) (content, rest []byte, err error) {
	tag, content, rest, err := next(data)
	if err == nil && tag != want {
		err = errTag
	}
	return content, rest, err
}

// open reads a message up to its operation.
func open(message []byte) (id int64, op byte, content []byte, err error) {
	content, rest, err := take(message, tagSequence)
	if err == nil && len(rest) > 0 {
		err = errShort
	}
	if err != nil {
		return 0, 0, nil, err
	}
	digits, content, err := take(content, tagInteger)
	if err != nil {
		return 0, 0, nil, err
	}
	id, ok := integer(digits)
	if !ok || len(content) == 0 {
		return 0, 0, nil, errTag
	}
	return id, content[0], content, nil
}

// peek reads the id and the first byte of the operation of the message that data begins
// with; ok is false where that takes more bytes, or where they are not there.
func peek(data []byte) (id int64, op byte, ok bool) {
	h, err := readHeader(data)
	if err != nil {
		return 0, 0, false
	}
	content := data[h.size:min(len(data), h.size+h.length)]
	digits, content, err := take(content, tagInteger)
	if err != nil || len(content) == 0 {
		return 0, 0, false
	}
	id, ok = integer(digits)
	return id, content[0], ok
}

// integer reads the content of an INTEGER that is a message id: 0 to 2^31-1 (RFC 4511,
// 4.1.1.1).
func integer(content []byte) (value int64, ok bool) {
	if len(content) == 0 || len(content) > 8 || content[0] >= 0x80 {
		return 0, false
	}
	for _, b := range content {
		value = value<<8 | int64(b)
	}
	return value, value <= math.MaxInt32
}
