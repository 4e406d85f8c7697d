package membership

import (
	"encoding/binary"
	"fmt"
)

// sid is a security identifier of Active Directory in its binary form (MS-DTYP,
// 2.4.2.2): revision, count, an authority of 6 bytes, then numbers of 4 bytes,
// least byte first. The last number tells apart what is in one domain.
type sid string

const sidHeader = 8

// parseSID takes the values of objectSid.
func parseSID(values []string) (sid, error) {
	if len(values) != 1 {
		return "", fmt.Errorf("%d values of objectSid came", len(values))
	}
	raw := values[0]
	if len(raw) <= sidHeader || raw[0] != 1 || len(raw) != sidHeader+4*int(raw[1]) {
		return "", fmt.Errorf("%d bytes are no objectSid", len(raw))
	}
	return sid(raw), nil
}

// domain is the part that everything in one domain shares.
func (s sid) domain() string { return string(s[:len(s)-4]) }

// number is the relative identifier, such as 513 for Domain Users.
func (s sid) number() uint32 { return binary.LittleEndian.Uint32([]byte(s[len(s)-4:])) }
