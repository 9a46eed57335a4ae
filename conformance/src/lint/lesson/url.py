query = urllib.parse.urlencode({"vsn": "2.0.0", "token": token})
url = "wss://glimesh.tv/api/graph/websocket?" + query
