// Prints the messages of one Glimesh chat, and stays there until it is told to stop.
//
//	gorilla-go URL        URL: wss://…/api/graph/websocket?vsn=2.0.0&token=…
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/rand"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

const (
	control   = "__absinthe__:control"
	heartbeat = 25 * time.Second
	patience  = 10 * time.Second
	query     = `subscription($id: ID) { chatMessage(channelId: $id) { user { username } message } }`
)

// frame is [join ref, ref, topic, event, payload].
type frame [5]any

type reply struct {
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response"`
}

type data struct {
	Result struct {
		Data struct {
			ChatMessage *struct {
				User    *struct{ Username string }
				Message string
			}
		}
	}
}

// session is one connection, from its join to its end.
type session struct {
	socket  *websocket.Conn
	writing sync.Mutex
	mutex   sync.Mutex
	lastRef int
	joinRef string
	waiting map[string]chan reply
}

func main() {
	url := os.Getenv("GLIMESH_WS_URL")
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	if url == "" {
		log.Fatal("usage: gorilla-go URL")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stay(ctx, url)
}

// stay connects again and again; the pause doubles with each attempt that comes to nothing.
func stay(ctx context.Context, url string) {
	pause := time.Second
	for ctx.Err() == nil {
		subscribed, err := chat(ctx, url)
		if ctx.Err() != nil {
			break
		}
		log.Printf("not connected: %v", err)
		if subscribed {
			pause = time.Second
		} else if pause *= 2; pause > 30*time.Second {
			pause = 30 * time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause + time.Duration(rand.Int63n(int64(pause)/2))):
		}
	}
	log.Print("stopped")
}

// chat is one connection; it tells whether it came as far as to be subscribed.
func chat(ctx context.Context, url string) (subscribed bool, err error) {
	dialer := websocket.Dialer{HandshakeTimeout: 20 * time.Second}
	socket, _, err := dialer.DialContext(ctx, url, nil)
	if err != nil {
		return false, err
	}
	defer socket.Close()
	s := &session{socket: socket, waiting: map[string]chan reply{}}

	over := make(chan error, 3)
	go func() { over <- s.read() }()
	go func() {
		err := s.subscribe()
		if err == nil {
			s.mutex.Lock()
			subscribed = true
			s.mutex.Unlock()
			return
		}
		over <- err
	}()
	done := make(chan struct{})
	defer close(done)
	go func() { over <- s.beat(done) }()

	select {
	case err = <-over:
	case <-ctx.Done():
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if socket.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second)) == nil {
		select { // The server's close, or not.
		case <-over:
		case <-time.After(time.Second):
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return subscribed, err
}

// request sends one frame and waits for the reply to it.
func (s *session) request(topic, event string, payload any) error {
	s.mutex.Lock()
	s.lastRef++
	ref := strconv.Itoa(s.lastRef)
	if event == "phx_join" {
		s.joinRef = ref
	}
	var joinRef any
	if topic == control {
		joinRef = s.joinRef
	}
	answer := make(chan reply, 1)
	s.waiting[ref] = answer
	s.mutex.Unlock()

	s.writing.Lock()
	err := s.socket.WriteJSON(frame{joinRef, ref, topic, event, payload})
	s.writing.Unlock()
	if err != nil {
		return err
	}
	select {
	case got := <-answer:
		if got.Status != "ok" {
			return fmt.Errorf("%s was refused: %s", event, got.Response)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("no reply to %s within %s", event, patience)
	}
}

func (s *session) subscribe() error {
	if err := s.request(control, "phx_join", struct{}{}); err != nil {
		return err
	}
	channel := os.Getenv("GLIMESH_CHANNEL_ID")
	if channel == "" {
		channel = "6"
	}
	variables := map[string]string{"id": channel}
	document := map[string]any{"query": query, "variables": variables}
	if err := s.request(control, "doc", document); err != nil {
		return err
	}
	log.Printf("reading the chat of channel %s", channel)
	return nil
}

// beat keeps its rhythm whether or not the last reply was late.
func (s *session) beat(done <-chan struct{}) error {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	failed := make(chan error, 1)
	for {
		select {
		case <-done:
			return nil
		case err := <-failed:
			return err
		case <-ticker.C:
			go func() {
				if err := s.request("phoenix", "heartbeat", struct{}{}); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}()
		}
	}
}

func (s *session) read() error {
	for {
		_, text, err := s.socket.ReadMessage()
		if err != nil {
			return err
		}
		if err := s.handle(text); err != nil {
			return err
		}
	}
}

// handle returns an error if the channel is gone; one bad frame must not end the bot.
func (s *session) handle(text []byte) error {
	var raw []json.RawMessage
	var joinRef, ref, topic, event string
	if err := json.Unmarshal(text, &raw); err != nil || len(raw) != 5 {
		log.Printf("ignored a frame of %d bytes", len(text))
		return nil
	}
	for i, element := range []*string{&joinRef, &ref, &topic, &event} {
		_ = json.Unmarshal(raw[i], element) // null and what is no string stay empty.
	}
	switch {
	case event == "phx_reply":
		var got reply
		_ = json.Unmarshal(raw[4], &got)
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if answer, ok := s.waiting[ref]; ok {
			delete(s.waiting, ref)
			answer <- got
		}
	case event == "subscription:data":
		var got data
		if json.Unmarshal(raw[4], &got) != nil || got.Result.Data.ChatMessage == nil {
			log.Print("ignored a push without a message")
			return nil
		}
		name := "somebody"
		if user := got.Result.Data.ChatMessage.User; user != nil {
			name = user.Username
		}
		fmt.Printf("%s: %s\n", name, got.Result.Data.ChatMessage.Message)
	case topic == control && (event == "phx_error" || event == "phx_close"):
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if joinRef == s.joinRef {
			return errors.New("the channel is gone")
		}
	}
	return nil
}
