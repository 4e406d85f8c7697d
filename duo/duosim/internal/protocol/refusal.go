package protocol

// Refusal is what Duo answers instead of a response. The first three digits of
// Code are the HTTP status.
type Refusal struct {
	Code    int
	Message string
	Detail  string // usually a parameter's name
}

// Duo's codes.
const (
	CodeBadParameters = 40002
	duplicate         = 40003
	noCredentials     = 40101
	unknownKey        = 40102
	badSignature      = 40103
	noTimestamp       = 40104
	badTimestamp      = 40105
	forbidden         = 40301
	notFound          = 40401
	methodNotAllowed  = 40501
	tooManyRequests   = 42901
	CodeInternalError = 50000
	limitExceeded     = 50001 // says no more than CodeInternalError does
)

// messageOf gives Duo's text for a code.
func messageOf(code int) string {
	switch code {
	case CodeBadParameters:
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

// Refuse makes a refusal with Duo's text for the code.
func Refuse(code int, detail string) *Refusal {
	return &Refusal{Code: code, Message: messageOf(code), Detail: detail}
}

// BadParameter refuses a call for one of its parameters (400/40002).
func BadParameter(name string) *Refusal { return Refuse(CodeBadParameters, name) }

// Duplicate refuses what is there already (400/40003).
func Duplicate() *Refusal { return Refuse(duplicate, "") }

// Forbidden refuses a key (403/40301).
func Forbidden(detail string) *Refusal { return Refuse(forbidden, detail) }

// NotFound refuses a call about what is not there (404/40401).
func NotFound() *Refusal { return Refuse(notFound, "") }

// MethodNotAllowed refuses the method for a path that is there (405/40501).
func MethodNotAllowed() *Refusal { return Refuse(methodNotAllowed, "") }

// TooManyRequests refuses a call that comes too early (429/42901).
func TooManyRequests() *Refusal { return Refuse(tooManyRequests, "") }

// LimitExceeded refuses one more than fits (500/50001).
func LimitExceeded() *Refusal { return Refuse(limitExceeded, "") }

// Envelope is the refusal as it is written. code is normally r.Code; faults
// leave it empty or out.
func (r *Refusal) Envelope(code any) map[string]any {
	envelope := map[string]any{"stat": "FAIL", "message": r.Message}
	if code != nil {
		envelope["code"] = code
	}
	if r.Detail != "" {
		envelope["message_detail"] = r.Detail
	}
	return envelope
}

// Reply is the refusal as it is sent.
func (r *Refusal) Reply() Reply { return JSONReply(r.Code/100, r.Code, r.Envelope(r.Code)) }
