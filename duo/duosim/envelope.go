package duosim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// refusal is what Duo answers instead of a response. The first three digits of
// code are the HTTP status.
type refusal struct {
	code    int
	message string
	detail  string
}

// Duo's codes.
const (
	badParameters    = 40002
	duplicate        = 40003
	noCredentials    = 40101
	unknownKey       = 40102
	badSignature     = 40103
	noTimestamp      = 40104
	badTimestamp     = 40105
	forbidden        = 40301
	notFound         = 40401
	methodNotAllowed = 40501
	tooManyRequests  = 42901
	internalError    = 50000
	limitExceeded    = 50001 // says no more than internalError does
)

// Details of a 403. The second one is not documented.
const (
	wrongApplication  = "Wrong integration type for this API."
	missingPermission = "Missing permission for this API."
)

// messageOf gives Duo's text for a code.
func messageOf(code int) string {
	switch code {
	case badParameters:
		return "Invalid request parameters"
	case duplicate:
		return "Duplicate resource"
	case noCredentials:
		return "Missing request credentials"
	case unknownKey:
		return "Invalid integration key in request credentials"
	case badSignature:
		return "Invalid signature in request credentials"
	case noTimestamp:
		return "Missing request timestamp"
	case badTimestamp:
		return "Bad request timestamp"
	case forbidden:
		return "Access forbidden"
	case notFound:
		return "Resource not found"
	case methodNotAllowed:
		return "Method not allowed"
	case tooManyRequests:
		return "Too Many Requests"
	case limitExceeded:
		return "Unknown internal server error"
	}
	return "Internal server error"
}

// refuse makes a refusal with Duo's text. detail is usually a parameter's name.
func refuse(code int, detail string) *refusal {
	return &refusal{code: code, message: messageOf(code), detail: detail}
}

// envelope is the refusal as it is written. code is normally r.code; faults
// leave it empty or out.
func (r *refusal) envelope(code any) map[string]any {
	envelope := map[string]any{"stat": "FAIL", "message": r.message}
	if code != nil {
		envelope["code"] = code
	}
	if r.detail != "" {
		envelope["message_detail"] = r.detail
	}
	return envelope
}

// page is a part of a list, with what its metadata tells.
type page struct {
	items                []any
	offset, limit, total int
}

// metadata gives null for an offset that does not exist, or leaves it out: Duo
// does both. Here it goes by whether the total is even.
func (p page) metadata() map[string]any {
	metadata := map[string]any{"total_objects": p.total}
	if p.total%2 == 0 {
		metadata["next_offset"], metadata["prev_offset"] = nil, nil
	}
	if next := p.offset + p.limit; next < p.total {
		metadata["next_offset"] = next
	}
	if p.offset > 0 {
		metadata["prev_offset"] = max(0, p.offset-p.limit)
	}
	return metadata
}

// okEnvelope wraps what a handler returned.
func okEnvelope(response any) map[string]any {
	envelope := map[string]any{"stat": "OK", "response": response}
	if p, ok := response.(page); ok {
		envelope["response"], envelope["metadata"] = p.items, p.metadata()
	}
	return envelope
}

// reply is an HTTP reply to be. A cut one is a closed connection.
type reply struct {
	status     int
	html       bool
	body       []byte
	retryAfter time.Duration // 0: no header
	code       int           // Duo's, for the record
	cut        bool
	delay      time.Duration
}

func jsonReply(status, code int, envelope map[string]any) reply {
	body, err := json.Marshal(envelope)
	if err != nil { // only values that JSON knows go in
		panic(fmt.Sprintf("duosim: reply: %v", err))
	}
	return reply{status: status, code: code, body: body}
}

func okReply(response any) reply { return jsonReply(http.StatusOK, 0, okEnvelope(response)) }

func (r *refusal) reply() reply { return jsonReply(r.code/100, r.code, r.envelope(r.code)) }

func htmlReply(status int) reply {
	text := fmt.Sprintf("<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n</body>\r\n</html>\r\n",
		status, http.StatusText(status))
	return reply{status: status, html: true, body: []byte(text)}
}

// write sends the reply, dated by Duo's clock, or aborts the connection.
func (r reply) write(w http.ResponseWriter, now time.Time) {
	if r.cut {
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	header.Set("Content-Type", "application/json")
	if r.html {
		header.Set("Content-Type", "text/html")
	}
	if r.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(wholeSeconds(r.retryAfter)))
	}
	header.Set("Content-Length", strconv.Itoa(len(r.body)))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body) // the client may be gone; nobody is left to be told
}

// wholeSeconds rounds up: a client that waits so long has waited long enough.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
