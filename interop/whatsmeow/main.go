// Program whatsmeow lets a test steer clients of go.mau.fi/whatsmeow, unmodified, over standard input and output.
//
// A line in is a request, {"id": 1, "client": "ada", "do": "send", "args": {…}}; a line out is its answer, {"id": 1, "result": …} or
// {"id": 1, "error": "…"}, or something that a client said, {"client": "ada", "event": "Message", "data": {…}}. What it must never do is
// reach anything but the simulator: every connection goes where the arguments of the program say.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// A request, as it is read.
type request struct {
	ID     int             `json:"id"`
	Client string          `json:"client"`
	Do     string          `json:"do"`
	Args   json.RawMessage `json:"args"`
}

// An answer.
type answer struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Something that a client said.
type told struct {
	Client string `json:"client"`
	Event  string `json:"event"`
	Data   any    `json:"data"`
}

// Lines of JSON to standard output, one at a time.
type lines struct {
	lock sync.Mutex
	to   *json.Encoder
}

func (out *lines) write(line any) {
	out.lock.Lock()
	defer out.lock.Unlock()
	if err := out.to.Encode(line); err != nil {
		fmt.Fprintln(os.Stderr, "writing a line:", err)
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: whatsmeow ws://HOST:PORT/ws/chat ROOT_KEY_BASE64 MEDIA_CA.pem")
		os.Exit(2)
	}
	world, err := newWorld(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer world.close()
	out := &lines{to: json.NewEncoder(os.Stdout)}
	// A library below whatsmeow prints what it finds odd.
	os.Stdout = os.Stderr
	var pending sync.WaitGroup
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	for input.Scan() {
		var asked request
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "reading a line:", err)
			continue
		}
		pending.Add(1)
		go func() {
			defer pending.Done()
			result, err := world.do(asked, out)
			if err != nil {
				out.write(answer{ID: asked.ID, Error: err.Error()})
			} else {
				out.write(answer{ID: asked.ID, Result: result})
			}
		}()
	}
	pending.Wait()
}
