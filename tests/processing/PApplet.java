// As much of Processing as the sketch of docs/results.md uses, without a window: what it writes goes to the console.

import java.lang.reflect.Method;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class PApplet {
  static final int CENTER = 3;
  int width;
  int height;
  private String written = "";

  void size(int width, int height) {
    this.width = width;
    this.height = height;
  }

  void textAlign(int across, int down) {}

  void textSize(float size) {
    if (size <= 0) throw new IllegalArgumentException("textSize(" + size + ")");
  }

  void background(float red, float green, float blue) {}

  void fill(float grey) {}

  void text(String text, float x, float y) {
    if (!text.equals(written)) System.out.println(text);
    written = text;
  }

  void println(Object what) {
    System.out.println(what);
  }

  void delay(int milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  void thread(String name) {
    Thread thread = new Thread(() -> call(name));
    thread.setDaemon(true);
    thread.start();
  }

  JSONObject parseJSONObject(String text) {
    return new JSONObject(text);
  }

  void call(String name) {
    try {
      Method method = getClass().getDeclaredMethod(name);
      method.setAccessible(true);
      method.invoke(this);
    } catch (ReflectiveOperationException problem) {
      throw new RuntimeException(problem);
    }
  }

  /** Runs a sketch: its class is named first. */
  public static void main(String[] arguments) throws Exception {
    PApplet sketch = (PApplet) Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
    sketch.call("setup");
    while (true) {
      sketch.call("draw");
      sketch.delay(20);
    }
  }
}

/** Finds a value behind its name; enough for one message of ours. */
class JSONObject {
  private final String text;

  JSONObject(String text) {
    this.text = text;
  }

  String getString(String name) {
    return find(name, "\"([^\"]*)\"");
  }

  float getFloat(String name) {
    return Float.parseFloat(find(name, "([-+.\\deE]+)"));
  }

  JSONArray getJSONArray(String name) {
    return new JSONArray(find(name, "\\[([^\\]]*)\\]"));
  }

  private String find(String name, String value) {
    Matcher found = Pattern.compile("\"" + name + "\"\\s*:\\s*" + value).matcher(text);
    if (!found.find()) throw new RuntimeException("JSONObject[\"" + name + "\"] not found in " + text);
    return found.group(1);
  }
}

class JSONArray {
  private final String[] objects;

  JSONArray(String text) {
    objects = text.split("(?<=\\})\\s*,");
  }

  JSONObject getJSONObject(int index) {
    return new JSONObject(objects[index]);
  }
}
