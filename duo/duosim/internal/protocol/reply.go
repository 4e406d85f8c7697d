package protocol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Page is a part of a list, with what its metadata tells.
type Page struct {
	Items                []any
	Offset, Limit, Total int
}

// metadata gives null for an offset that does not exist, or leaves it out: Duo
// does both. Here it goes by whether the total is even.
func (p Page) metadata() map[string]any {
	metadata := map[string]any{"total_objects": p.Total}
	if p.Total%2 == 0 {
		metadata["next_offset"], metadata["prev_offset"] = nil, nil
	}
	if next := p.Offset + p.Limit; next < p.Total {
		metadata["next_offset"] = next
	}
	if p.Offset > 0 {
		metadata["prev_offset"] = max(0, p.Offset-p.Limit)
	}
	return metadata
}

// OKEnvelope wraps what a handler returned.
func OKEnvelope(response any) map[string]any {
	envelope := map[string]any{"stat": "OK", "response": response}
	if p, ok := response.(Page); ok {
		envelope["response"], envelope["metadata"] = p.Items, p.metadata()
	}
	return envelope
}

// Reply is an HTTP reply to be. A cut one is a closed connection.
type Reply struct {
	Status     int
	Code       int // Duo's, for the record
	HTML       bool
	Body       []byte
	RetryAfter time.Duration // 0: no header
	Cut        bool
	Delay      time.Duration
}

// JSONReply is a reply with an envelope.
func JSONReply(status, code int, envelope map[string]any) Reply {
	body, err := json.Marshal(envelope)
	if err != nil { // only values that JSON knows go in
		panic(fmt.Sprintf("duosim: reply: %v", err))
	}
	return Reply{Status: status, Code: code, Body: body}
}

// OKReply is a reply with what a handler returned.
func OKReply(response any) Reply { return JSONReply(http.StatusOK, 0, OKEnvelope(response)) }

// HTMLReply is a page as a proxy before Duo answers it.
func HTMLReply(status int) Reply {
	text := fmt.Sprintf("<html>\r\n<head><title>%[1]d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n</body>\r\n</html>\r\n",
		status, http.StatusText(status))
	return Reply{Status: status, HTML: true, Body: []byte(text)}
}

// Write sends the reply, dated by Duo's clock, or aborts the connection.
func (r Reply) Write(w http.ResponseWriter, now time.Time) {
	if r.Cut {
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	header.Set("Content-Type", "application/json")
	if r.HTML {
		header.Set("Content-Type", "text/html")
	}
	if r.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(WholeSeconds(r.RetryAfter)))
	}
	header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client may be gone; nobody is left to be told
}

// WholeSeconds rounds up: a client that waits so long has waited long enough.
func WholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
