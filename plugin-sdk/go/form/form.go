// Package form is the form in which values are kept and sent: JSON, the same as in all other languages.
package form

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ToJSON makes JSON of a value, and leaves the marks of HTML as they are.
func ToJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// FromJSON reads JSON into what a pointer points to, which stays as it is where there are no bytes at all. The words name it in the error.
func FromJSON(data []byte, into any, what string) error {
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is not of the expected form: %w", what, err)
	}
	return nil
}
