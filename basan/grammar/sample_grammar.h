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

#ifndef YY_SAMPLE_YY_GRAMMAR_SAMPLE_GRAMMAR_H_INCLUDED
# define YY_SAMPLE_YY_GRAMMAR_SAMPLE_GRAMMAR_H_INCLUDED
/* Debug traces.  */
#ifndef SAMPLE_YYDEBUG
# if defined YYDEBUG
#if YYDEBUG
#   define SAMPLE_YYDEBUG 1
#  else
#   define SAMPLE_YYDEBUG 0
#  endif
# else /* ! defined YYDEBUG */
#  define SAMPLE_YYDEBUG 0
# endif /* ! defined YYDEBUG */
#endif  /* ! defined SAMPLE_YYDEBUG */
#if SAMPLE_YYDEBUG
extern int sample_yydebug;
#endif
/* "%code requires" blocks.  */
#line 3 "../grammar/sample_grammar.y"

#include "grammar/sample_ast.h"

#line 61 "grammar/sample_grammar.h"

/* Token kinds.  */
#ifndef SAMPLE_YYTOKENTYPE
# define SAMPLE_YYTOKENTYPE
  enum sample_yytokentype
  {
    SAMPLE_YYEMPTY = -2,
    SAMPLE_YYEOF = 0,              /* "end of file"  */
    SAMPLE_YYerror = 256,          /* error  */
    SAMPLE_YYUNDEF = 257,          /* "invalid token"  */
    OPEN = 258,                    /* "("  */
    CLOSE = 259,                   /* ")"  */
    COMMA = 260,                   /* ","  */
    NAME = 261,                    /* "name"  */
    ARGUMENT = 262                 /* "argument"  */
  };
  typedef enum sample_yytokentype sample_yytoken_kind_t;
#endif
/* Token kinds.  */
#define SAMPLE_YYEMPTY -2
#define SAMPLE_YYEOF 0
#define SAMPLE_YYerror 256
#define SAMPLE_YYUNDEF 257
#define OPEN 258
#define CLOSE 259
#define COMMA 260
#define NAME 261
#define ARGUMENT 262

/* Value type.  */
#if ! defined SAMPLE_YYSTYPE && ! defined SAMPLE_YYSTYPE_IS_DECLARED
union SAMPLE_YYSTYPE
{
#line 15 "../grammar/sample_grammar.y"

	struct str text;
	struct call_ast call;
	struct arg_ast arg;

#line 101 "grammar/sample_grammar.h"

};
typedef union SAMPLE_YYSTYPE SAMPLE_YYSTYPE;
# define SAMPLE_YYSTYPE_IS_TRIVIAL 1
# define SAMPLE_YYSTYPE_IS_DECLARED 1
#endif

/* Location type.  */
typedef struct span SAMPLE_YYLTYPE;




int sample_yyparse (struct sample_scan *scan);


#endif /* !YY_SAMPLE_YY_GRAMMAR_SAMPLE_GRAMMAR_H_INCLUDED  */
