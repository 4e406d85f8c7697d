package planfile

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	dirsync "duosync/sync"
)

// The errors that callers tell apart, by errors.Is. Each comes with advice.
var (
	// ErrForeign means that the file is no plan, or not the whole of one.
	ErrForeign = errors.New("this is no plan of duosync")
	// ErrNewer means that a newer duosync made the plan.
	ErrNewer = errors.New("the plan was made by a newer duosync")
	// ErrChanged means that the signature does not fit.
	ErrChanged = errors.New("the plan was changed since it was made, or signed with another Duo secret key")
	// ErrRedacted means that the plan is for reading only.
	ErrRedacted = errors.New("the plan is redacted, and only for reading")
	// ErrOther means that the plan was made for, or under, something else.
	ErrOther = errors.New("the plan does not fit")
)

// Anew is the advice that helps against every refusal.
const Anew = "Make a new plan: `duosync sync --dry-run --plan-out FILE`"

// A file is one JSON object: beginning, signature, middle, content, end. Only the
// signature and the content differ from one file to the next.
const (
	beginning = "{\n  \"duosync_plan\": 1,\n  \"signature\": \""
	middle    = "\",\n  \"plan\": "
	end       = "\n}\n"

	signatureLength = 64
)

var anyVersion = regexp.MustCompile(`^\{\s*"duosync_plan":\s*([0-9]{1,9})[,\s]`)

// Seal gives the file of a plan. It fails where the plan could not be read back as
// it is.
func (p *Plan) Seal(key Key) ([]byte, error) {
	content, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("writing the plan as JSON: %w", err)
	}
	back, err := decode(content)
	if err == nil && !p.Redacted && back.digest() != p.PlanID {
		err = errors.New("it would be read back as another one")
	}
	if err != nil {
		return nil, fmt.Errorf("checking the plan: %w", err)
	}
	var file bytes.Buffer
	file.Grow(len(beginning) + signatureLength + len(middle) + len(content) + len(end))
	for _, part := range []string{beginning, key.sign(content), middle} {
		file.WriteString(part)
	}
	file.Write(content)
	file.WriteString(end)
	return file.Bytes(), nil
}

func (p *Plan) encode() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("  ", "  ")
	err := encoder.Encode(p)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Read reads the file of a plan that was signed with key, for the account and the
// directory that binding names. It accepts nothing but what [Plan.Seal] gave, byte
// by byte.
func Read(file []byte, key Key, binding dirsync.Binding) (*Plan, error) {
	signature, content, err := open(file)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(key.sign(content)), signature) {
		return nil, unsigned(content, binding)
	}
	p, err := decode(content)
	switch {
	case err != nil: // this key signed it, and only another version would write what can't be read here
		return nil, dirsync.WithHint(fmt.Errorf("%w: %w", ErrNewer, err), "Apply it with the duosync that made it, or make a new plan.")
	case p.Redacted:
		return nil, redacted()
	case p.digest() != p.PlanID:
		return nil, dirsync.WithHint(fmt.Errorf("%w: its operations are not those of its plan_id", ErrOther), Anew)
	}
	if err := p.bound(binding); err != nil {
		return nil, err
	}
	return p, nil
}

// open takes a file apart.
func open(file []byte) (signature, content []byte, err error) {
	m := anyVersion.FindSubmatch(file)
	if m == nil {
		return nil, nil, dirsync.WithHint(ErrForeign, "Name the file that `duosync sync --dry-run --plan-out FILE` wrote.")
	}
	if version, err := strconv.Atoi(string(m[1])); err == nil && version > schema {
		return nil, nil, dirsync.WithHint(ErrNewer, "Apply it with the duosync that made it, or make a new plan.")
	}
	rest, ok1 := bytes.CutPrefix(file, []byte(beginning))
	rest, ok2 := bytes.CutSuffix(rest, []byte(end))
	if !ok1 || !ok2 || len(rest) < signatureLength {
		return nil, nil, dirsync.WithHint(fmt.Errorf("%w: it is cut off, or was written anew by another program", ErrForeign), Anew)
	}
	signature = rest[:signatureLength]
	content, ok := bytes.CutPrefix(rest[signatureLength:], []byte(middle))
	if !ok {
		return nil, nil, dirsync.WithHint(fmt.Errorf("%w: it was written anew by another program", ErrForeign), Anew)
	}
	return signature, content, nil
}

func decode(content []byte) (*Plan, error) {
	var p Plan
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the plan")
	}
	if p.Schema != schema {
		return nil, fmt.Errorf("its schema is %d, not %d", p.Schema, schema)
	}
	for i, o := range p.Operations {
		if o == nil {
			return nil, fmt.Errorf("operation %d is none", i+1)
		}
	}
	return &p, nil
}

// unsigned is why a plan with a wrong signature is refused. What such a plan says
// of itself serves the message only.
func unsigned(content []byte, binding dirsync.Binding) error {
	p, err := decode(content)
	switch {
	case err != nil:
	case p.Redacted:
		return redacted()
	case !p.Binding.Equal(binding):
		return p.bound(binding)
	}
	return dirsync.WithHint(ErrChanged, Anew)
}

func redacted() error {
	return dirsync.WithHint(ErrRedacted, "Make one to apply without --redact: `duosync sync --dry-run --plan-out FILE`")
}
