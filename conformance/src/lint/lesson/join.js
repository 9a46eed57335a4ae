const channel = socket.channel("__absinthe__:control", {});
channel.onError(() => console.log("the channel crashed; phoenix.js joins again"));
channel.join()
  .receive("ok", () => subscribe(channel))
  .receive("error", (refusal) => console.log("refused", refusal));
