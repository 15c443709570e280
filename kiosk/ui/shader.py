"""The fragment shaders: signed distance fields for panels and rings, and the backdrop behind every screen.

A distance field gives exact edges, borders and soft shadows at any size in one pass; Kivy's own shapes leave fringes
on gradients and lose their smooth outline inside a scrolling list. Distances after Inigo Quilez, "2D distance
functions".
"""

from functools import cache

from kivy.core.window import Window
from kivy.graphics import Callback, Color, InstructionGroup, Rectangle, RenderContext
from kivy.graphics.texture import Texture

Uniform = float | tuple[float, ...]

_NOISE = """
// Interleaved gradient noise, half a step of eight bits either way: wide gradients show no bands.
vec3 dither(vec3 colour) {
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  return colour + (noise - 0.5) / 255.0;
}
"""

_PANEL = """
uniform float fade; uniform vec2 extent; uniform vec2 reach; uniform float radius; uniform vec4 fill_from;
uniform float darkness;
uniform vec4 fill_to; uniform vec2 slope;
uniform vec4 edge; uniform float edge_width;
uniform vec4 shadow; uniform vec2 shadow_drop; uniform float shadow_blur;
uniform vec3 notch;
uniform vec4 crop; uniform float picture; uniform float grey;

float box(vec2 p) {
  vec2 q = abs(p) - extent * 0.5 + radius;
  float d = length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - radius;
#ifdef NOTCH
  vec2 across = notch.z > 0.5 ? vec2(abs(p.y) - extent.y * 0.5, p.x - notch.x)
                              : vec2(abs(p.x) - extent.x * 0.5, p.y - notch.x);
  d = max(d, notch.y - length(across));
#endif
  return d;
}
void main(void) {
  vec2 p = (tex_coord0 - 0.5) * reach;
  float d = box(p);
  vec4 fill = fill_from;
#ifdef GRADIENT
  fill = mix(fill_from, fill_to, clamp(dot(p, slope) + 0.5, 0.0, 1.0));
  fill.rgb = dither(fill.rgb);
#endif
#ifdef PICTURE
  vec4 texel = texture2D(texture0, crop.xy + (p / extent + 0.5) * crop.zw);
  fill.rgb = mix(fill.rgb, texel.rgb, texel.a * picture);
  fill.rgb = mix(fill.rgb, vec3(dot(fill.rgb, vec3(0.299, 0.587, 0.114))), grey);
#endif
  fill.rgb *= 1.0 - darkness;
#ifdef EDGE
  fill = mix(edge, fill, clamp(0.5 - d - edge_width, 0.0, 1.0));
#endif
  float alpha = fill.a * clamp(0.5 - d, 0.0, 1.0);
#ifdef SHADOW
  float thrown = 1.0 - smoothstep(-shadow_blur, shadow_blur, box(p - shadow_drop));
  thrown *= thrown * shadow.a * (1.0 - alpha);
  fill.rgb = (fill.rgb * alpha + shadow.rgb * thrown) / max(alpha + thrown, 0.0001);
  alpha += thrown;
#endif
  gl_FragColor = vec4(fill.rgb, alpha * fade);
}"""

PANEL_FEATURES = frozenset({"EDGE", "GRADIENT", "NOTCH", "PICTURE", "SHADOW"})


@cache
def panel_fragment(features: frozenset[str]) -> str:
    """The panel's shader with only what it needs: a software renderer pays for every branch, taken or not."""
    defines = "".join(f"#define {feature}\n" for feature in sorted(features & PANEL_FEATURES))
    return f"$HEADER$\n{defines}{_NOISE}{_PANEL}"


RING = """
$HEADER$
uniform float fade; uniform vec2 extent; uniform float width; uniform float value; uniform float turn;
uniform vec4 fill_from; uniform vec4 fill_to; uniform vec4 track;
const float TAU = 6.28318531;

void main(void) {
  vec2 p = (tex_coord0 - 0.5) * extent;
  float middle = min(extent.x, extent.y) * 0.5 - width * 0.5 - 1.0;
  float band = abs(length(p) - middle) - width * 0.5;
  float sweep = clamp(value, 0.0, 1.0) * TAU;
  float angle = mod(atan(p.x, p.y) - turn + TAU, TAU);
  vec2 start = vec2(sin(turn), cos(turn)) * middle;
  vec2 end = vec2(sin(turn + sweep), cos(turn + sweep)) * middle;
  // Beyond the arc the nearer cap decides both the distance and the colour: no seam where the start cap bulges back.
  bool on_arc = angle <= sweep;
  bool near_end = angle - sweep < (TAU - sweep) * 0.5;
  float d = on_arc ? band : length(p - (near_end ? end : start)) - width * 0.5;
  float along = on_arc ? angle / max(sweep, 0.0001) : (near_end ? 1.0 : 0.0);
  // A closed ring has no caps to hide the jump from the last colour to the first, so there the colours swing back.
  along = mix(along, 0.5 - 0.5 * cos(angle), smoothstep(0.97, 1.0, value));
  float arc = value > 0.0005 ? clamp(0.5 - d, 0.0, 1.0) : 0.0;
  vec4 fill = mix(fill_from, fill_to, along);
  float body = fill.a * arc;
  float under = track.a * clamp(0.5 - band, 0.0, 1.0);
  float alpha = body + under * (1.0 - body);
  vec3 colour = (fill.rgb * body + track.rgb * under * (1.0 - body)) / max(alpha, 0.0001);
  gl_FragColor = vec4(colour, alpha * fade);
}"""

BACKDROP = (
    "$HEADER$\n"
    + _NOISE
    + """
uniform vec2 glow_shape; uniform vec4 fill_from; uniform vec4 fill_to; uniform vec4 high; uniform vec4 low;
float glow(vec2 away) {
  away *= glow_shape;
  float k = max(0.0, 1.0 - dot(away, away));
  return k * k;
}
void main(void) {
  vec3 colour = mix(fill_from.rgb, fill_to.rgb, tex_coord0.y * 0.75 + tex_coord0.x * 0.25);
  colour = mix(colour, high.rgb, high.a * glow(tex_coord0 - vec2(0.92, 0.95)));
  colour = mix(colour, low.rgb, low.a * glow(tex_coord0 - vec2(0.04, 0.08)));
  gl_FragColor = vec4(dither(colour), 1.0);
}"""
)


class ShaderQuad:
    """A rectangle drawn by a shader of its own, under the opacity of the widgets around it.

    Add `instructions` to a canvas to see it.
    """

    def __init__(self) -> None:
        self._fragment = ""
        self._context = RenderContext(use_parent_projection=True, use_parent_modelview=True)
        self._context["fade"] = 1.0
        with self._context:
            Color(1, 1, 1, 1)
            self._rectangle = Rectangle(tex_coords=UNFLIPPED)
        self.instructions = InstructionGroup()
        self.instructions.add(Callback(self._take_fade))
        self.instructions.add(self._context)

    def use(self, fragment: str) -> None:
        """Draw with this shader from now on; does nothing if it is the present one."""
        if fragment == self._fragment:
            return
        self._fragment = fragment
        self._context.shader.fs = fragment
        if not self._context.shader.success:
            raise RuntimeError("the graphics driver refused a shader")

    def set(self, uniforms: dict[str, Uniform]) -> None:
        """Pass uniforms on. Kivy picks the GL type from a tuple's first element, so every number is made a float."""
        for name, value in uniforms.items():
            floats = tuple(map(float, value)) if isinstance(value, tuple) else float(value)
            self._context[name] = floats

    def place(self, x: float, y: float, width: float, height: float) -> None:
        """Cover this rectangle, in pixels of the parent."""
        self._rectangle.pos = (x, y)
        self._rectangle.size = (width, height)

    def use_texture(self, texture: Texture | None) -> None:
        """Bind a texture as the shader's only one."""
        self._rectangle.texture = texture
        self._rectangle.tex_coords = UNFLIPPED

    def _take_fade(self, _instruction: Callback) -> None:
        """Runs while drawing: Kivy hands a parent's opacity to its own context only, not to a nested one."""
        self._context["fade"] = float(Window.render_context["opacity"])


UNFLIPPED = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
