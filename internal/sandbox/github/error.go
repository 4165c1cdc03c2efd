package github

import (
	"net/http"
	"strconv"
)

// apiError is a refusal, in REST's form. GraphQL shows Kind and Message.
type apiError struct {
	Status  int
	Kind    string // GraphQL's type: NOT_FOUND, FORBIDDEN, UNPROCESSABLE ...
	Message string
	Details []map[string]any // REST's errors
	Header  http.Header

	sentence string // GraphQL's message, where it is not Message
	nonNull  bool   // GraphQL: the field cannot be null, so its object is
}

func (e *apiError) Error() string { return e.said() }

func (e *apiError) body() map[string]any {
	body := map[string]any{
		"message":           e.Message,
		"documentation_url": "https://docs.github.com/rest",
		"status":            strconv.Itoa(e.Status),
	}
	if e.Details != nil {
		body["errors"] = e.Details
	}
	return body
}

func notFound() *apiError { return &apiError{Status: http.StatusNotFound, Message: "Not Found"} }

// unprocessable is REST's 422 with nothing but a sentence.
func unprocessable(message string) *apiError {
	return &apiError{Status: http.StatusUnprocessableEntity, Kind: "UNPROCESSABLE", Message: message}
}

// invalid is REST's validation failure; GraphQL shows the sentence only.
func invalid(resource, sentence string) *apiError {
	e := unprocessable("Validation Failed")
	e.Details = []map[string]any{{"resource": resource, "code": "custom", "message": sentence}}
	e.sentence = sentence
	return e
}

// invalidField is REST's validation failure of one field.
func invalidField(resource, field, code string) *apiError {
	e := unprocessable("Validation Failed")
	e.Details = []map[string]any{{"resource": resource, "field": field, "code": code}}
	return e
}

// said is what GraphQL says of the refusal.
func (e *apiError) said() string {
	if e.sentence != "" {
		return e.sentence
	}
	return e.Message
}
