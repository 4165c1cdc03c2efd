package gitlab

import (
	"net/http"
	"strings"
)

// jsonObject is a JSON object.
type jsonObject = map[string]any

// apiError is a refusal: a message, or fields in its place.
type apiError struct {
	Status  int
	Message any
	Fields  jsonObject
	Text    string // not JSON
	Header  http.Header
}

// Error is the sentence, which GraphQL shows.
func (e *apiError) Error() string {
	switch said := e.Message.(type) {
	case string:
		return said
	case []string:
		return strings.Join(said, ", ")
	}
	if text, ok := e.Fields["error"].(string); ok {
		return text
	}
	return http.StatusText(e.Status)
}

func notFound(what string) *apiError {
	return &apiError{Status: http.StatusNotFound, Message: "404 " + what + " Not Found"}
}

func forbidden() *apiError { return &apiError{Status: http.StatusForbidden, Message: "403 Forbidden"} }

func unauthorized() *apiError {
	return &apiError{Status: http.StatusUnauthorized, Message: "401 Unauthorized"}
}

func badRequest(message string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Message: message}
}

// wrong is the refusal of a request without a parameter, or with a wrong one.
func wrong(message string) *apiError {
	return &apiError{Status: http.StatusBadRequest, Fields: jsonObject{"error": message}}
}

// unprocessable is a validation failure: a list of sentences.
func unprocessable(message string) *apiError {
	return &apiError{Status: http.StatusUnprocessableEntity, Message: []string{message}}
}

// insufficient is the refusal of a token without the scope.
func insufficient() *apiError {
	return &apiError{Status: http.StatusForbidden, Fields: jsonObject{
		"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api",
	}}
}
