package protocol

// KeyKind is the application that a key belongs to, with its permissions.
type KeyKind string

// The kinds of keys. KeyAdmin has "Grant resource" for reading and writing and
// "Grant read information"; KeyReader lacks writing: its writes are answered
// with 403/40301.
const (
	KeyAdmin  KeyKind = "admin"
	KeyReader KeyKind = "read-only admin"
	KeyAuth   KeyKind = "auth"
)

// Key is an application's pair of keys: 20 characters beginning with DI, and 40.
type Key struct {
	Kind        KeyKind
	Integration string
	Secret      string
}

// KeyOf gives the first key of a kind.
func KeyOf(keys []Key, kind KeyKind) (Key, bool) {
	for _, key := range keys {
		if key.Kind == kind {
			return key, true
		}
	}
	return Key{}, false
}
