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

#ifndef YY_PREDICATE_GRAMMAR_PREDICATE_GRAMMAR_H_INCLUDED
# define YY_PREDICATE_GRAMMAR_PREDICATE_GRAMMAR_H_INCLUDED
/* Debug traces.  */
#ifndef PREDICATE_DEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define PREDICATE_DEBUG 1
#  else
#   define PREDICATE_DEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define PREDICATE_DEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined PREDICATE_DEBUG */
#if PREDICATE_DEBUG
extern int predicate_debug;
#endif
/* "%code requires" blocks.  */
#line 3 "../grammar/predicate_grammar.y"

#include "grammar/predicate_state.h"

#line 61 "grammar/predicate_grammar.h"

/* Token kinds.  */
#ifndef PREDICATE_TOKENTYPE
# define PREDICATE_TOKENTYPE
  enum predicate_tokentype
  {
    P_PREDICATE_EMPTY = -2,
    P_END = 0,                     /* "end of condition"  */
    P_PREDICATE_error = 256,       /* error  */
    P_PREDICATE_UNDEF = 257,       /* "invalid token"  */
    P_INTEGER = 258,               /* "number"  */
    P_NAME = 259,                  /* "predicate"  */
    P_ARGUMENT = 260,              /* "argument"  */
    P_ARGS_OPEN = 261,             /* ARGS_OPEN  */
    P_ARGS_COMMA = 262,            /* ARGS_COMMA  */
    P_ARGS_CLOSE = 263,            /* ARGS_CLOSE  */
    P_OPEN = 264,                  /* "("  */
    P_CLOSE = 265,                 /* ")"  */
    P_AND = 266,                   /* "&&"  */
    P_OR = 267,                    /* "||"  */
    P_NOT = 268,                   /* "!"  */
    P_JUNK = 269                   /* "something else"  */
  };
  typedef enum predicate_tokentype predicate_token_kind_t;
#endif
/* Token kinds.  */
#define P_PREDICATE_EMPTY -2
#define P_END 0
#define P_PREDICATE_error 256
#define P_PREDICATE_UNDEF 257
#define P_INTEGER 258
#define P_NAME 259
#define P_ARGUMENT 260
#define P_ARGS_OPEN 261
#define P_ARGS_COMMA 262
#define P_ARGS_CLOSE 263
#define P_OPEN 264
#define P_CLOSE 265
#define P_AND 266
#define P_OR 267
#define P_NOT 268
#define P_JUNK 269

/* Value type.  */
#if ! defined PREDICATE_STYPE && ! defined PREDICATE_STYPE_IS_DECLARED
union PREDICATE_STYPE
{
#line 24 "../grammar/predicate_grammar.y"

	bool value;
	struct predicate_item item;

#line 114 "grammar/predicate_grammar.h"

};
typedef union PREDICATE_STYPE PREDICATE_STYPE;
# define PREDICATE_STYPE_IS_TRIVIAL 1
# define PREDICATE_STYPE_IS_DECLARED 1
#endif




int predicate_parse (struct predicate_state *s);


#endif /* !YY_PREDICATE_GRAMMAR_PREDICATE_GRAMMAR_H_INCLUDED  */
