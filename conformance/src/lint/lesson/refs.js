// phoenix.js counts its refs itself, as text. Without it:
let counter = 0;
const nextRef = () => String(++counter);
socket.send(JSON.stringify([joinRef, nextRef(), topic, event, payload]));
