/* graphs.h - small networks for windows of 60 bases with three outputs: every kind of layer, and values with several
 * readers. */
#ifndef GRAPHS_H
#define GRAPHS_H

/* rule: DeepLIFT has a rule for every layer, so that contributions add up. */
static const struct {
    const char *spec;
    int rule;
} graphs[] = {
    {"conv 8 5; relu; gpool max; dense 3", 1},
    {"conv 8 5; relu; gpool mean; dense 3", 1},
    {"conv 8 5; bn; relu; gpool lse 2; dense 3", 1},
    {"conv 8 5; bn; relu; attend 2; dense 3", 0},
    {"conv 8 5; gelu; pool 3; conv 6 3 same; silu; gpool max; dense 3", 1},
    {"conv 8 5; bn; exp; pool 2; dwconv 5 same; conv 6 1; bn; relu; dense 3", 1},
    {"conv 8 5; bn; relu; pool 3; r = conv 8 3 same; bn; relu; conv 8 3 same dilate 2; bn; add @r; relu; gpool max; "
     "dense 3",
     1},
    {"conv 8 5; bn; m = relu; pool 3; conv 6 4; bn; relu; g = gpool max; gpool max @m; cat @g; dense 8; relu; dense 3",
     1},
    {"conv 6 5; relu; a = gpool max; conv 5 9 @bases; relu; gpool mean; cat @a; dense 3", 1},
    {"conv 8 5; relu; p = pool 3; conv 8 3 same; relu; conv 8 3 same; add @p; relu; pool 3; dwconv 3; conv 7 1; gelu; "
     "dense 3",
     1},
    {"conv 8 5; relu; conv 8 3 dilate 3; relu; dropout 0.2; conv 8 3 dilate 2; bn; relu; attend 1; dense 3", 0},
    {"conv 6 4; relu; pool 2; bilstm 4; conv 8 3 same; relu; gpool max; dense 3", 0},
    {"conv 8 5; relu; gpool max; d = dense 8; relu; dense 8; bn; add @d; relu; dense 3", 1},
    {"conv 8 5; relu; p = pool 3; conv 8 3 same; bn; add @p; relu; pool 3; gpool max; dense 3", 1},
    {"conv 8 5; x = bn; relu; y = conv 8 3 same; relu; add @x; add @y; gelu; add @x; cat @y; dwconv 3 dilate 4; silu; "
     "gpool lse; dense 3",
     1},
    {"conv 8 5; silu; pool 3; x = dropout 0.1; conv 8 3 same; add @x; x2 = relu; conv 8 3 same dilate 3; gelu; add "
     "@x2; pool 3; dense 9; gelu; dense 3",
     1},
    {"conv 4 5; bn; a = relu; conv 4 5 @bases; bn; add @a; relu; pool 3; conv 6 3; relu; pool 3; dense 3", 1},
};
enum { N_GRAPHS = sizeof graphs / sizeof graphs[0], GRAPH_WINDOW = 60 };

#endif
