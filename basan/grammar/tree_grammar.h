/* A Bison parser, made by GNU Bison 3.8.2.  */

/* Bison interface for Yacc-like parsers in C

   Copyright (C) 1984, 1989-1990, 2000-2015, 2018-2021 Free Software Foundation,
   Inc.

   This program is free software: you can redistribute it and/or modify
   it under the terms of the GNU General Public License as published by
   the Free Software Foundation, either version 3 of the License, or
   (at your option) any later version.

   This program is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
   GNU General Public License for more details.

   You should have received a copy of the GNU General Public License
   along with this program.  If not, see <https://www.gnu.org/licenses/>.  */

/* As a special exception, you may create a larger work that contains
   part or all of the Bison parser skeleton and distribute that work
   under terms of your choice, so long as that work isn't itself a
   parser generator using the skeleton or a modified version thereof
   as a parser skeleton.  Alternatively, if you modify or redistribute
   the parser skeleton itself, you may (at your option) remove this
   special exception, which will cause the skeleton and the resulting
   Bison output files to be licensed under the GNU General Public
   License without this special exception.

   This special exception was added by the Free Software Foundation in
   version 2.2 of Bison.  */

/* DO NOT RELY ON FEATURES THAT ARE NOT DOCUMENTED in the manual,
   especially those whose name start with YY_ or yy_.  They are
   private implementation details that can be changed or removed.  */

#ifndef YY_TREE_GRAMMAR_TREE_GRAMMAR_H_INCLUDED
# define YY_TREE_GRAMMAR_TREE_GRAMMAR_H_INCLUDED
/* Debug traces.  */
#ifndef TREE_DEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define TREE_DEBUG 1
#  else
#   define TREE_DEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define TREE_DEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined TREE_DEBUG */
#if TREE_DEBUG
extern int tree_debug;
#endif
/* "%code requires" blocks.  */
#line 4 "../grammar/tree_grammar.y"

#include "grammar/parse.h"

#line 61 "grammar/tree_grammar.h"

/* Token kinds.  */
#ifndef TREE_TOKENTYPE
# define TREE_TOKENTYPE
  enum tree_tokentype
  {
    T_TREE_EMPTY = -2,
    T_END = 0,                     /* "end of file"  */
    T_TREE_error = 256,            /* error  */
    T_TREE_UNDEF = 257,            /* "invalid token"  */
    T_LINE_END = 258,              /* "end of line"  */
    T_BLANK = 259,                 /* "blank"  */
    T_PLAIN = 260,                 /* PLAIN  */
    T_HIGH = 261,                  /* HIGH  */
    T_TEXT = 262,                  /* "text"  */
    T_ESCAPE = 263,                /* "escape sequence"  */
    T_SINGLE_OPEN = 264,           /* SINGLE_OPEN  */
    T_SINGLE_CLOSE = 265,          /* "closing quote"  */
    T_DOUBLE_OPEN = 266,           /* DOUBLE_OPEN  */
    T_DOUBLE_CLOSE = 267,          /* "closing double quote"  */
    T_VARIABLE = 268,              /* "variable"  */
    T_BRACE_OPEN = 269,            /* BRACE_OPEN  */
    T_BRACE_CLOSE = 270,           /* "closing brace"  */
    T_NAME = 271,                  /* "name of a variable"  */
    T_STAR = 272,                  /* "[*]"  */
    T_DEFAULT = 273,               /* "default"  */
    T_BAD_HEX = 274,               /* BAD_HEX  */
    T_BAD_DOLLAR = 275,            /* BAD_DOLLAR  */
    T_JUNK = 276                   /* JUNK  */
  };
  typedef enum tree_tokentype tree_token_kind_t;
#endif
/* Token kinds.  */
#define T_TREE_EMPTY -2
#define T_END 0
#define T_TREE_error 256
#define T_TREE_UNDEF 257
#define T_LINE_END 258
#define T_BLANK 259
#define T_PLAIN 260
#define T_HIGH 261
#define T_TEXT 262
#define T_ESCAPE 263
#define T_SINGLE_OPEN 264
#define T_SINGLE_CLOSE 265
#define T_DOUBLE_OPEN 266
#define T_DOUBLE_CLOSE 267
#define T_VARIABLE 268
#define T_BRACE_OPEN 269
#define T_BRACE_CLOSE 270
#define T_NAME 271
#define T_STAR 272
#define T_DEFAULT 273
#define T_BAD_HEX 274
#define T_BAD_DOLLAR 275
#define T_JUNK 276

/* Value type.  */
#if ! defined TREE_STYPE && ! defined TREE_STYPE_IS_DECLARED
union TREE_STYPE
{
#line 31 "../grammar/tree_grammar.y"

	bool split;
	struct span span;

#line 128 "grammar/tree_grammar.h"

};
typedef union TREE_STYPE TREE_STYPE;
# define TREE_STYPE_IS_TRIVIAL 1
# define TREE_STYPE_IS_DECLARED 1
#endif

/* Location type.  */
typedef struct span TREE_LTYPE;




int tree_parse (void *scanner, struct parse *p);


#endif /* !YY_TREE_GRAMMAR_TREE_GRAMMAR_H_INCLUDED  */
